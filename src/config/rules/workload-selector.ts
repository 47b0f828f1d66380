/** Checks on the labels by which an object chooses workloads. */

import type { FieldPath } from '../../base/field-path.ts';
import type { RuleReport } from './rule.ts';

type Labels = Readonly<Record<string, string>>;

/**
 * Checks the labels of a selector that is there. Without labels it chooses all workloads, which is seldom
 * meant. Returns whether all is well. `path` is that of the selector, `field` the name of its map of labels.
 */
export function checkSelector(
  report: RuleReport,
  path: FieldPath,
  labels: Labels | undefined,
  field: 'labels' | 'matchLabels',
): boolean {
  const before = report.findings.length;
  const pairs = Object.entries(labels ?? {});
  if (pairs.length === 0) {
    report.warn(path, 'the selector has no labels, so it chooses every workload', {
      hint: `Add ${field}, or leave the selector out.`,
    });
  }
  for (const [key, value] of pairs) {
    const place = [...path, field, key];
    if (key === '') report.error(place, 'the key of a label must not be empty');
    else if (key.includes('*'))
      report.error(place, `"${key}" has a wildcard: selectors compare labels exactly`);
    if (value.includes('*'))
      report.error(place, `"${value}" has a wildcard: selectors compare labels exactly`);
  }
  return report.findings.length === before;
}
