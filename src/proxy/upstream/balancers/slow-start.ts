/** Endpoints that became healthy not long ago get less, and more with each moment. */

import type { Endpoint } from '../host.ts';

/** https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/slow_start */
export interface SlowStart {
  /** Milliseconds. */
  readonly window: number;
  /** Above 0; 1 grows evenly, more grows faster at first. */
  readonly aggression: number;
  /** 0 to 1 of an endpoint's weight. */
  readonly minWeight: number;
}

/** Whether an endpoint does not get its whole weight yet. */
export function isStarting(host: Endpoint, { window }: SlowStart, now: number): boolean {
  return host.healthySince !== undefined && host.healthy && now - host.healthySince < window;
}

/** The part of its weight that an endpoint gets. */
export function startFactor(host: Endpoint, slowStart: SlowStart, now: number): number {
  if (host.healthySince === undefined || !isStarting(host, slowStart, now)) return 1;
  const { window, aggression, minWeight } = slowStart;
  const passed = Math.max(1, Math.trunc(now - host.healthySince)) / window;
  return Math.max(passed === 1 || aggression === 1 ? passed : passed ** (1 / aggression), minWeight);
}
