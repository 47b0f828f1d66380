/** Rules of the values that sidecars are made from. https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/ */

import type { InjectorValues, Proxy } from '../../../api/generated/types/mesh.istio.io/InjectorValues.ts';
import { parseCidr } from '../../../base/cidr.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { isDnsLabel } from '../../../base/labels.ts';
import type { KindRules, RuleReport } from '../rule.ts';

export const kinds = ['mesh.istio.io/InjectorValues'] as const;

export const rules: KindRules<InjectorValues> = (object, report) => {
  const values = object.value;
  const global = values.global ?? {};
  checkProxy(report, ['global', 'proxy'], global.proxy ?? {});
  for (const [path, revision] of [
    [['revision'], values.revision] as const,
    [['global', 'revision'], global.revision] as const,
  ]) {
    if (revision === undefined || revision === '' || isDnsLabel(revision)) continue;
    report.error(path, `"${revision}" must be letters, digits and inner dashes, 63 characters at most`);
  }
};

const RANGES = ['includeIPRanges', 'excludeIPRanges'] as const;
const PORTS = [
  'includeInboundPorts',
  'excludeInboundPorts',
  'includeOutboundPorts',
  'excludeOutboundPorts',
] as const;
const PORT = /^\d{1,5}$/;

function checkProxy(report: RuleReport, path: FieldPath, proxy: Proxy): void {
  for (const field of RANGES) {
    for (const range of entriesOf(proxy[field])) {
      if (parseCidr(range) === undefined)
        report.error([...path, field], `"${range}" is no CIDR range such as 10.0.0.0/8`);
    }
  }
  for (const field of PORTS) {
    for (const port of entriesOf(proxy[field])) {
      if (PORT.test(port) && Number(port) <= 65_535) continue;
      report.error([...path, field], `"${port}" is no port number up to 65535`);
    }
  }
}

/** The entries of a list that is one text; `*` stands for all. */
function entriesOf(list: string | undefined): string[] {
  if (list === undefined || list.trim() === '') return [];
  return list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '*');
}
