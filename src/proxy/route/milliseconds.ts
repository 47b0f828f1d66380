/** Durations of a configuration in the form that timers take. */

import type { Duration } from '@bufbuild/protobuf/wkt';

/** Milliseconds, some 25 days: a timer of Node.js that is to wait longer does not wait at all. */
export const LONGEST_WAIT = 2 ** 31 - 1;

/** A duration in milliseconds, not rounded, and no longer than a timer can wait. */
export function milliseconds(duration: Duration): number {
  return Math.min(exactMilliseconds(duration), LONGEST_WAIT);
}

/** A duration in milliseconds, however long: nothing waits for it here. */
export function exactMilliseconds({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1000 + nanos / 1_000_000;
}
