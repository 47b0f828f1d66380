/** Shares of what is decided by chance: of so many trials, how many may have come out as they did. */

import { expect } from 'vitest';

/** How rarely a share is called wrong that is right. There are some dozens of them in a run of all tests. */
const FALSE_ALARM = 1e-7;

/**
 * The fewest and the most that `n` trials of probability `p` come to, beyond which they do in less than one of ten
 * million such series. By the binomial distribution itself: four or five standard deviations say little of its ends,
 * where `p` is far from a half.
 */
export function shareBounds(n: number, p: number): readonly [fewest: number, most: number] {
  const chances: number[] = [];
  // Of all ways to have so many of `n` the logarithm, since the numbers are beyond what a double holds.
  let ways = 0;
  for (let count = 0; count <= n; count++) {
    chances.push(Math.exp(ways + count * Math.log(p) + (n - count) * Math.log1p(-p)));
    ways += Math.log((n - count) / (count + 1));
  }
  const most = n - withinAlarm(chances.toReversed());
  return [withinAlarm(chances), most];
}

/** How many of the first, which are the rarest, are together rare enough. */
function withinAlarm(chances: readonly number[]): number {
  let sum = 0;
  return chances.findIndex((chance) => (sum += chance) > FALSE_ALARM / 2);
}

/** Whether `count` of `n` trials of probability `p` is what may be expected. `p` is between 0 and 1, and none of both. */
export function expectShare(count: number, n: number, p: number): void {
  const [fewest, most] = shareBounds(n, p);
  const words = `${count} of ${n}, should be ${p * 100}%`;
  expect(count, words).toBeGreaterThanOrEqual(fewest);
  expect(count, words).toBeLessThanOrEqual(most);
}

/** Whether two series of `n` trials may have had the same probability, whichever it is. */
export function expectSameShare(one: number, other: number, n: number): void {
  const p = (one + other) / (2 * n);
  // Of a difference of two counts; beyond this are less than one in ten million.
  const bound = 5.33 * Math.sqrt(2 * n * p * (1 - p));
  expect(Math.abs(one - other), `${one} and ${other} of ${n}`).toBeLessThanOrEqual(bound);
}
