/** How requests are divided among priorities: by how many of their endpoints are healthy. */

import type { HostSet } from '../host-set.ts';

/** What of a priority counts here. */
export type LoadedSet = Pick<
  HostSet,
  'priority' | 'all' | 'healthy' | 'degraded' | 'excludedCount' | 'healthyShare' | 'degradedShare'
>;

export interface PriorityLoads {
  /** In percent; together with `degraded` they make 100. */
  readonly healthy: readonly number[];
  readonly degraded: readonly number[];
  /** So few endpoints are healthy that all are used. */
  readonly panic: readonly boolean[];
}

/**
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/priority; priorities in `tried`
 * get nothing as long as others are available.
 */
export function priorityLoads(
  sets: readonly LoadedSet[],
  panicThreshold: number,
  tried: readonly number[] = [],
): PriorityLoads {
  const share = (set: LoadedSet, value: number) => (tried.includes(set.priority) ? 0 : value);
  const healthyShares = sets.map((set) => share(set, set.healthyShare));
  const degradedShares = sets.map((set) => share(set, set.degradedShare));
  const available = Math.min(100, sum(healthyShares) + sum(degradedShares));
  if (tried.length > 0 && available === 0) return priorityLoads(sets, panicThreshold);
  const panic = sets.map((set) => available !== 100 && isInPanic(set, panicThreshold));
  if (panicThreshold === 0 && available === 0) return allToFirst(sets, panic);
  if (panic.every(Boolean)) return totalPanic(sets, panic);
  if (available === 0) return allToFirst(sets, panic);
  const first = distribute(healthyShares, 100, available);
  const second = distribute(degradedShares, first.left, available);
  if (second.left > 0) {
    const rest = first.firstAvailable >= 0 ? first : second;
    rest.loads[rest.firstAvailable] = (rest.loads[rest.firstAvailable] ?? 0) + second.left;
  }
  return { healthy: first.loads, degraded: second.loads, panic };
}

/** The priority that a number from 0 to 99 falls to. */
export function choosePriority(
  loads: PriorityLoads,
  number: number,
): { priority: number; degraded: boolean } {
  let sum = 0;
  for (const [priority, load] of loads.healthy.entries()) {
    sum += load;
    if (number < sum) return { priority, degraded: false };
  }
  for (const [priority, load] of loads.degraded.entries()) {
    sum += load;
    if (number < sum) return { priority, degraded: true };
  }
  return { priority: 0, degraded: false };
}

/** Whether fewer endpoints are available than the threshold asks for. */
export function isInPanic(set: LoadedSet, threshold: number): boolean {
  const counted = set.all.length - set.excludedCount;
  const available = counted === 0 ? 0 : (100 * (set.healthy.length + set.degraded.length)) / counted;
  return available < Math.min(100, threshold);
}

function distribute(shares: readonly number[], load: number, available: number) {
  let left = load;
  const loads = shares.map((share) => {
    const part = Math.min(left, Math.trunc((share * 100) / available));
    left -= part;
    return part;
  });
  return { loads, left, firstAvailable: shares.findIndex((share) => share > 0) };
}

function allToFirst(sets: readonly LoadedSet[], panic: readonly boolean[]): PriorityLoads {
  return { healthy: sets.map((_, index) => (index === 0 ? 100 : 0)), degraded: sets.map(() => 0), panic };
}

/** By the number of endpoints, whatever their health. */
function totalPanic(sets: readonly LoadedSet[], panic: readonly boolean[]): PriorityLoads {
  const total = sum(sets.map(({ all }) => all.length));
  if (total === 0) return allToFirst(sets, panic);
  const healthy = sets.map(({ all }) => Math.trunc((100 * all.length) / total));
  const first = sets.findIndex(({ all }) => all.length > 0);
  healthy[first] = (healthy[first] ?? 0) + 100 - sum(healthy);
  return { healthy, degraded: sets.map(() => 0), panic };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** All to one priority, which was chosen elsewhere. */
export function onlyTo(
  { priority, degraded }: { readonly priority: number; readonly degraded: boolean },
  { panic }: PriorityLoads,
): PriorityLoads {
  const whole = panic.map((_, index) => (index === priority ? 100 : 0));
  const none = panic.map(() => 0);
  return degraded ? { healthy: none, degraded: whole, panic } : { healthy: whole, degraded: none, panic };
}
