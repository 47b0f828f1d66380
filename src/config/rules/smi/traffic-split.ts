/** Rules of TrafficSplit: the services and their weights. https://github.com/servicemeshinterface/smi-spec */

import type { FieldPath } from '../../../base/field-path.ts';
import { domainProblem } from '../../../base/hostname.ts';
import { isDnsLabel } from '../../../base/labels.ts';
import type { TrafficSplit } from '../../../api/generated/types/split.smi-spec.io/TrafficSplit.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { quantityOf } from '../../../base/quantity.ts';

export const kinds = ['split.smi-spec.io/TrafficSplit'] as const;

export const rules: KindRules<TrafficSplit> = (object, report) => {
  const { service: root = '', backends = [] } = object.value.spec ?? {};
  const problem = root === '' ? undefined : domainProblem(root);
  if (problem !== undefined) report.error(['spec', 'service'], `${JSON.stringify(root)} ${problem}`);
  if (object.value.spec?.backends !== undefined && backends.length === 0) {
    report.warn(['spec', 'backends'], 'there are no backends, so nothing is split', {
      hint: 'Add the services that share the traffic.',
    });
  }
  const seen = new Set<string>();
  for (const [index, { service = '' }] of backends.entries()) {
    const path: FieldPath = ['spec', 'backends', index, 'service'];
    if (service !== '') checkBackend(report, path, service, root);
    if (seen.has(service)) {
      report.warn(path, `backend ${service} stands twice`, {
        check: 'Duplicate',
        hint: 'Add up the weights in one.',
      });
    }
    seen.add(service);
  }
  checkWeights(report, backends, object.version === 'v1alpha1');
};

function checkBackend(report: RuleReport, path: FieldPath, service: string, root: string): void {
  if (!isDnsLabel(service)) {
    const hint = service.includes('.')
      ? 'Backends stand in the namespace of the split; write the short name.'
      : undefined;
    report.error(
      path,
      `${JSON.stringify(service)} is no name of a Service`,
      hint === undefined ? {} : { hint },
    );
  } else if (service === root) {
    report.warn(path, 'the split service is a backend of its own split', {
      hint: 'It may stand for all versions; name a Service for each version.',
    });
  }
}

function checkWeights(
  report: RuleReport,
  backends: readonly { readonly weight?: unknown }[],
  quantities: boolean,
): void {
  let nothing = backends.length > 0;
  for (const [index, { weight }] of backends.entries()) {
    const path = ['spec', 'backends', index, 'weight'];
    const value = quantities ? quantityOf(weight) : typeof weight === 'number' ? weight : 0;
    if (value === undefined && weight !== undefined) {
      report.error(path, `${JSON.stringify(weight)} is no quantity`, {
        hint: 'Write a number, or one with a suffix, as 500m.',
      });
    } else if (value !== undefined && value < 0) {
      // The schema has said so of whole numbers.
      if (quantities)
        report.error(path, `${JSON.stringify(weight)} is negative`, { hint: 'A weight is 0 or more.' });
    }
    if (value !== 0) nothing = false;
  }
  if (nothing)
    report.warn(['spec', 'backends'], 'all weights are 0, so no backend gets traffic', {
      hint: 'Set a weight.',
    });
}
