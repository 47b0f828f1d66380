/** Checks the range of a duration in a field. */

import { isDurationSyntax, MILLISECOND, parseDuration } from '../../../base/duration.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';

/**
 * Refuses durations under a millisecond, with fractions of one, or beyond what 64 bits hold. The schema
 * reports what is no duration at all. `zero`: 0 is allowed too, where it turns something off.
 */
export function checkDuration(
  report: RuleReport,
  path: FieldPath,
  value: string | undefined,
  options: { zero?: boolean } = {},
): void {
  if (value === undefined) return;
  const nanos = parseDuration(value);
  if (nanos === undefined) {
    if (isDurationSyntax(value)) report.error(path, `${value} is longer than a duration can be (292 years)`);
    return;
  }
  // What is less than a millisecond on either side of 0 counts as 0, as it does for the control plane.
  if (options.zero === true && nanos / MILLISECOND === 0n) return;
  if (nanos < MILLISECOND) report.error(path, `must be at least 1ms, and is ${value}`);
  else if (nanos % MILLISECOND !== 0n) {
    report.error(path, `must be a whole number of milliseconds, and is ${value}`);
  }
}
