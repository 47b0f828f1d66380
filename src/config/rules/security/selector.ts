/** Checks the selector of a policy: the labels that choose workloads. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';

/** Every kind with a WorkloadSelector generates this shape. */
export interface WorkloadSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

/** https://istio.io/latest/docs/reference/config/type/workload-selector/ */
export function checkSelector(
  report: RuleReport,
  path: FieldPath,
  selector: WorkloadSelector | undefined,
): void {
  if (selector === undefined) return;
  const labels = Object.entries(selector.matchLabels ?? {});
  for (const [key, value] of labels) {
    const place = [...path, 'matchLabels', key];
    if (key === '') report.error(place, `the label with the value "${value}" has no name`);
    if (key.includes('*'))
      report.error(place, `label name "${key}" must not hold "*": selectors have no wildcards`);
    if (value.includes('*'))
      report.error(place, `label value "${value}" must not hold "*": selectors have no wildcards`);
  }
  if (labels.length === 0) {
    report.warn(path, 'the selector has no labels, so it chooses every workload', {
      hint: 'Add matchLabels, or leave the selector out.',
    });
  }
}
