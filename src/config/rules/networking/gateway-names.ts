/** Checks lists of gateways: `namespace/name`, a name, or `mesh`. */

import type { FieldPath } from '../../../base/field-path.ts';
import { domainProblem } from '../../../base/hostname.ts';
import { isDnsLabel } from '../../../base/labels.ts';
import type { RuleReport } from '../rule.ts';

/** The reserved name that stands for all sidecars. */
export const MESH_GATEWAY = 'mesh';

/** Whether routes with these gateways hold at gateways only, not in sidecars. */
export function isGatewayOnly(gateways: readonly string[] | undefined): boolean {
  return gateways !== undefined && gateways.length > 0 && !gateways.includes(MESH_GATEWAY);
}

/** `generated`: the object was made from a Gateway API route, whose gateways have freer names. */
export function checkGatewayNames(
  report: RuleReport,
  path: FieldPath,
  gateways: readonly string[] | undefined,
  generated = false,
): void {
  for (const [index, gateway] of (gateways ?? []).entries()) {
    const place = [...path, index];
    const slash = gateway.indexOf('/');
    if (slash < 0) checkPlainName(report, place, gateway);
    else {
      const namespace = gateway.slice(0, slash);
      const name = gateway.slice(slash + 1);
      if (!isDnsLabel(namespace)) {
        report.error(place, `"${gateway}" must start with the name of a namespace, as in namespace/name`);
      }
      if (name === '' || (!isDnsLabel(name) && !generated)) {
        report.error(place, `"${gateway}" must end with the name of a Gateway, as in namespace/name`);
      }
    }
  }
}

function checkPlainName(report: RuleReport, place: FieldPath, gateway: string): void {
  const problem = domainProblem(gateway);
  if (problem !== undefined) return report.error(place, `"${gateway}" ${problem}`);
  const [name, namespace] = gateway.split('.');
  if (namespace === undefined || namespace === '') return;
  report.warn(place, `"${gateway}" names the gateway in an old form`, {
    check: 'DeprecatedField',
    hint: `Use "${namespace}/${name}" instead.`,
  });
}
