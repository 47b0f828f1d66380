/** Rules on numbers and spans of time that several adapters share. */

import { SECOND } from '../../../base/duration.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';
import { nanoseconds, wholeNumber } from './values.ts';

/** A span of time that must not be negative. */
export function checkNotNegative(report: RuleReport, path: FieldPath, duration: string | undefined): void {
  const nanos = nanoseconds(duration);
  if (nanos !== undefined && nanos < 0n) report.error(path, `${duration} is negative; it must be 0s or more`);
}

/** A span of time that must be more than nothing. */
export function checkPositive(report: RuleReport, path: FieldPath, duration: string | undefined): void {
  const nanos = nanoseconds(duration);
  if (nanos !== undefined && nanos <= 0n)
    report.error(path, `${duration} is too short; it must be more than 0s`);
}

/** A span of time of at least one second. */
export function checkSecond(report: RuleReport, path: FieldPath, duration: string | undefined): void {
  const nanos = nanoseconds(duration);
  if (nanos !== undefined && nanos < SECOND)
    report.error(path, `${duration} is too short; it must be 1s or more`);
}

/** A number that must not be negative. */
export function checkCount(report: RuleReport, path: FieldPath, value: number | string | undefined): void {
  const count = wholeNumber(value);
  if (count !== undefined && count < 0n) report.error(path, `${value} is negative; it must be 0 or more`);
}

/** A share from 0 to 1. */
export function checkShare(report: RuleReport, path: FieldPath, share: number | undefined): void {
  if (share === undefined || (share >= 0 && share <= 1)) return;
  const hint = share > 1 && share <= 100 ? `For ${share} percent write ${share / 100}.` : undefined;
  report.error(path, `${share} is no share from 0 to 1`, hint === undefined ? {} : { hint });
}
