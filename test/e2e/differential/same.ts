/** When two proxies have done the same. */

import { expect } from 'vitest';
import type { Outcome } from './pair.ts';

/** How often each endpoint was asked, and how often each status came. */
function counts({ got, seen }: Outcome): Map<string, number> {
  const all = new Map<string, number>();
  const names = [...seen.map(({ backend }) => backend), ...got.map(({ status }) => `status ${status}`)];
  for (const name of names) all.set(name, (all.get(name) ?? 0) + 1);
  return all;
}

/** Envoy's is the first. With `within` only numbers are compared, which may differ by so much. */
export function expectSame([envoy, other]: readonly [Outcome, Outcome], within?: number): void {
  if (within === undefined) {
    expect(other).toEqual(envoy);
    return;
  }
  const [wanted, found] = [counts(envoy), counts(other)];
  for (const name of new Set([...wanted.keys(), ...found.keys()])) {
    const difference = Math.abs((wanted.get(name) ?? 0) - (found.get(name) ?? 0));
    expect(difference, `how often ${name}`).toBeLessThanOrEqual(within);
  }
}
