/** Rules on lists of metrics by the name of their instance. */

import type { RuleReport } from '../rule.ts';

/** Each entry of `spec.metrics` names an instance, and each instance once. */
export function checkMetricNames(report: RuleReport, metrics: readonly { readonly name?: string }[]): void {
  const seen = new Set<string>();
  for (const [index, { name = '' }] of metrics.entries()) {
    const path = ['spec', 'metrics', index, 'name'];
    if (name === '') {
      report.error(path, 'the metric names no instance', {
        check: 'MissingField',
        hint: 'Name the metric instance, as "requestcount.instance.istio-system".',
      });
    } else if (seen.has(name)) {
      report.warn(path, `metric ${name} stands twice; the last one counts`, {
        check: 'Duplicate',
        hint: 'Remove one.',
      });
    }
    seen.add(name);
  }
}
