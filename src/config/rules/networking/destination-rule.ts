/** Rules of DestinationRule. */

import type { DestinationRule } from '../../../api/generated/types/networking.istio.io/DestinationRule.ts';
import { wildcardDomainProblem } from '../../../base/hostname.ts';
import type { KindRules } from '../rule.ts';
import { checkSubsetName } from './destination.ts';
import { checkExportTo } from './export-to.ts';
import { checkLabels } from './label-map.ts';
import { checkSelector } from '../workload-selector.ts';
import { checkTrafficPolicy } from './traffic-policy.ts';

export const kinds = ['networking.istio.io/DestinationRule'] as const;

/** https://istio.io/latest/docs/reference/config/networking/destination-rule/ */
export const rules: KindRules<DestinationRule> = (object, report, context) => {
  const { spec } = object.value;
  if (spec === undefined) return;
  const namespace = object.meta.namespace ?? context.defaultNamespace;

  if (spec.host !== undefined) {
    const problem = wildcardDomainProblem(spec.host);
    if (problem !== undefined) report.error(['spec', 'host'], `"${spec.host}" ${problem}`);
  }
  checkTrafficPolicy(report, ['spec', 'trafficPolicy'], spec.trafficPolicy, namespace);
  const names = new Set<string>();
  for (const [index, subset] of (spec.subsets ?? []).entries()) {
    const path = ['spec', 'subsets', index];
    const { name } = subset;
    if (name !== undefined) {
      checkSubsetName(report, [...path, 'name'], name);
      if (names.has(name)) {
        report.error([...path, 'name'], `"${name}" is the name of another subset too; rename or remove one`, {
          check: 'Duplicate',
        });
      }
      names.add(name);
    }
    checkLabels(report, [...path, 'labels'], subset.labels);
    checkTrafficPolicy(report, [...path, 'trafficPolicy'], subset.trafficPolicy, namespace);
  }
  const { workloadSelector } = spec;
  checkExportTo(report, ['spec', 'exportTo'], spec.exportTo, {
    namespace,
    ownNamespaceOnly: workloadSelector !== undefined,
  });
  if (workloadSelector !== undefined) {
    checkSelector(report, ['spec', 'workloadSelector'], workloadSelector.matchLabels, 'matchLabels');
  }
};
