/** Rules on the buckets of a distribution, which two adapters describe alike. */

import type { BucketsDefinition } from '../../../api/generated/types/config.istio.io/prometheus.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';

/** The form of the buckets that is given must make sense. That only one is given is up to the schema. */
export function checkBuckets(report: RuleReport, path: FieldPath, buckets: BucketsDefinition): void {
  const { linearBuckets: linear, exponentialBuckets: exponential, explicitBuckets: explicit } = buckets;
  if (linear !== undefined) {
    const place = [...path, 'linearBuckets'];
    checkAbove(report, [...place, 'numFiniteBuckets'], linear.numFiniteBuckets, 0);
    checkAbove(report, [...place, 'width'], linear.width, 0);
  }
  if (exponential !== undefined) {
    const place = [...path, 'exponentialBuckets'];
    checkAbove(report, [...place, 'numFiniteBuckets'], exponential.numFiniteBuckets, 0);
    checkAbove(report, [...place, 'growthFactor'], exponential.growthFactor, 1);
    checkAbove(report, [...place, 'scale'], exponential.scale, 0);
  }
  if (explicit !== undefined)
    checkBounds(report, [...path, 'explicitBuckets', 'bounds'], explicit.bounds ?? []);
}

function checkAbove(report: RuleReport, path: FieldPath, value: number | undefined, floor: number): void {
  if (value === undefined)
    report.error(path, `the field is missing; it must be more than ${floor}`, { check: 'MissingField' });
  else if (value <= floor) report.error(path, `${value} is too small; it must be more than ${floor}`);
}

function checkBounds(report: RuleReport, path: FieldPath, bounds: readonly number[]): void {
  if (bounds.length === 0)
    report.error(path, 'there is no bound', { check: 'MissingField', hint: 'Add at least one.' });
  for (const [index, bound] of bounds.entries()) {
    const before = bounds[index - 1];
    if (before !== undefined && bound <= before) {
      report.error([...path, index], `${bound} is not more than the bound before it, ${before}`, {
        hint: 'Put the bounds in rising order.',
      });
    }
  }
}
