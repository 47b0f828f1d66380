/** What a load balancer is to its cluster, and what it may use. */

import type { Counter } from '../../stats/stats.ts';
import type { Endpoint } from '../host.ts';
import type { PrioritySet } from '../host-set.ts';
import type { LoadBalancerContext } from '../types.ts';

export interface Balancer {
  /** Undefined when none may be used. */
  choose(context: LoadBalancerContext): Endpoint | undefined;
  /** Ends its timers. */
  close?(): void;
}

/** The counters of `cluster.NAME.lb_*`. */
export interface BalancerStats {
  readonly healthyPanic: Counter;
  readonly localClusterNotOk: Counter;
  readonly recalculateZoneStructures: Counter;
  readonly zoneClusterTooSmall: Counter;
  readonly zoneNoCapacityLeft: Counter;
  readonly zoneRoutingAllDirectly: Counter;
  readonly zoneRoutingSampled: Counter;
  readonly zoneRoutingCrossZone: Counter;
}

/** https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/zone_aware */
export interface ZoneAware {
  /** 0 to 100. */
  readonly routingEnabled: number;
  readonly minClusterSize: number;
  readonly failTrafficOnPanic: boolean;
  readonly forceLocalityDirectRouting: boolean;
}

export interface BalancerEnvironment {
  readonly hosts: PrioritySet;
  /** Endpoints of the cluster that the proxy itself belongs to (`cluster_manager.local_cluster_name`). */
  readonly localHosts: (() => PrioritySet | undefined) | undefined;
  readonly stats: BalancerStats;
  /** In percent; 0 never panics. */
  readonly panicThreshold: number;
  readonly locality: 'weighted' | ZoneAware;
  /** A whole number from 0 to 2^32 - 1. */
  readonly random: () => number;
  /** Requests that the whole cluster has on their way, for balancers with bounded loads. */
  activeRequests(): number;
}

export type BalancerFactory = (environment: BalancerEnvironment) => Balancer;

/** Asks `once` until its answer is not rejected, as often as the context wants. */
export function chooseAccepted(
  context: LoadBalancerContext,
  once: (attempt: number) => Endpoint | undefined,
): Endpoint | undefined {
  const host = once(0);
  if (context.rejects === undefined) return host;
  let chosen = host;
  for (let attempt = 1; chosen !== undefined && context.rejects(chosen); attempt++) {
    if (attempt > (context.attempts ?? 0)) return chosen;
    chosen = once(attempt);
  }
  return chosen;
}
