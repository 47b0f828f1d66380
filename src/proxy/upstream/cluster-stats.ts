/** The statistics of a cluster: https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats */

import { BufferedBytes } from '../stats/buffered-bytes.ts';
import type { Counter, DeclaredStats, Gauge, StatsScope } from '../stats/stats.ts';
import type { BalancerStats } from './balancers/balancer.ts';
import type { ClusterStats } from './types.ts';

/** What happens to a cluster's endpoints, rarely enough to look the counter up each time. */
export type MembershipEvent =
  | 'membership_change'
  | 'update_success'
  | 'update_failure'
  | 'update_attempt'
  | 'update_empty'
  | 'update_no_rebuild'
  | 'assignment_stale';

export type CountMembership = (event: MembershipEvent) => void;

/** The kind and the name of each, below `cluster.NAME.`. */
const CELLS = {
  cxTotal: ['counter', 'upstream_cx_total'],
  cxActive: ['gauge', 'upstream_cx_active'],
  cxConnectFail: ['counter', 'upstream_cx_connect_fail'],
  cxConnectTimeout: ['counter', 'upstream_cx_connect_timeout'],
  cxDestroy: ['counter', 'upstream_cx_destroy'],
  cxDestroyLocal: ['counter', 'upstream_cx_destroy_local'],
  cxDestroyRemote: ['counter', 'upstream_cx_destroy_remote'],
  cxDestroyWithActiveRq: ['counter', 'upstream_cx_destroy_with_active_rq'],
  cxDestroyLocalWithActiveRq: ['counter', 'upstream_cx_destroy_local_with_active_rq'],
  cxDestroyRemoteWithActiveRq: ['counter', 'upstream_cx_destroy_remote_with_active_rq'],
  cxConnectTime: ['histogram', 'upstream_cx_connect_ms'],
  cxLength: ['histogram', 'upstream_cx_length_ms'],
  cxHttp1Total: ['counter', 'upstream_cx_http1_total'],
  cxHttp2Total: ['counter', 'upstream_cx_http2_total'],
  cxCloseNotify: ['counter', 'upstream_cx_close_notify'],
  rqPerCx: ['histogram', 'upstream_rq_per_cx'],
  cxRxBytesTotal: ['counter', 'upstream_cx_rx_bytes_total'],
  cxTxBytesTotal: ['counter', 'upstream_cx_tx_bytes_total'],
  rqTotal: ['counter', 'upstream_rq_total'],
  rqActive: ['gauge', 'upstream_rq_active'],
  rqPendingTotal: ['counter', 'upstream_rq_pending_total'],
  rqPendingActive: ['gauge', 'upstream_rq_pending_active'],
  rqPendingOverflow: ['counter', 'upstream_rq_pending_overflow'],
  rqPendingFailureEject: ['counter', 'upstream_rq_pending_failure_eject'],
  rqCancelled: ['counter', 'upstream_rq_cancelled'],
  rqTimeout: ['counter', 'upstream_rq_timeout'],
  rqPerTryTimeout: ['counter', 'upstream_rq_per_try_timeout'],
  rqRxReset: ['counter', 'upstream_rq_rx_reset'],
  rqTxReset: ['counter', 'upstream_rq_tx_reset'],
  rqRetry: ['counter', 'upstream_rq_retry'],
  rqRetrySuccess: ['counter', 'upstream_rq_retry_success'],
  rqRetryOverflow: ['counter', 'upstream_rq_retry_overflow'],
  rqRetryLimitExceeded: ['counter', 'upstream_rq_retry_limit_exceeded'],
  rqMaintenanceMode: ['counter', 'upstream_rq_maintenance_mode'],
} as const satisfies Record<
  keyof Omit<ClusterStats, 'scope' | 'buffered'>,
  readonly [kind: DeclaredStats[number]['kind'], name: string]
>;

type Table = Readonly<Record<string, readonly [kind: DeclaredStats[number]['kind'], name: string]>>;

/** A scope whose statistics are looked up where something happens, so that nobody holds more than has happened to him. */
class Lookups {
  readonly scope: StatsScope;

  constructor(scope: StatsScope) {
    this.scope = scope;
  }

  /** Adds what it does not have itself. */
  static addTo(prototype: Lookups, table: Table): void {
    for (const [field, [kind, name]] of Object.entries(table)) {
      if (Object.hasOwn(prototype, field)) continue;
      Object.defineProperty(prototype, field, {
        get(this: Lookups) {
          return this.scope[kind](name);
        },
      });
    }
  }
}

class ClusterCells extends Lookups {
  readonly buffered = new BufferedBytes('upstream');
  #rqTotal: Counter | undefined;
  #rqActive: Gauge | undefined;

  // Each request counts in these: they are kept at hand.
  get rqTotal(): Counter {
    return (this.#rqTotal ??= this.scope.counter(CELLS.rqTotal[1]));
  }

  get rqActive(): Gauge {
    return (this.#rqActive ??= this.scope.gauge(CELLS.rqActive[1]));
  }
}

Lookups.addTo(ClusterCells.prototype, CELLS);

/** Of the scope `cluster.NAME.`. */
export function clusterStats(scope: StatsScope): ClusterStats {
  return new ClusterCells(scope) as object as ClusterStats;
}

const BALANCER_CELLS = {
  healthyPanic: ['counter', 'lb_healthy_panic'],
  localClusterNotOk: ['counter', 'lb_local_cluster_not_ok'],
  recalculateZoneStructures: ['counter', 'lb_recalculate_zone_structures'],
  zoneClusterTooSmall: ['counter', 'lb_zone_cluster_too_small'],
  zoneNoCapacityLeft: ['counter', 'lb_zone_no_capacity_left'],
  zoneRoutingAllDirectly: ['counter', 'lb_zone_routing_all_directly'],
  zoneRoutingSampled: ['counter', 'lb_zone_routing_sampled'],
  zoneRoutingCrossZone: ['counter', 'lb_zone_routing_cross_zone'],
} as const satisfies Record<keyof BalancerStats, Table[string]>;

class BalancerCells extends Lookups {}

Lookups.addTo(BalancerCells.prototype, BALANCER_CELLS);

export function balancerStats(scope: StatsScope): BalancerStats {
  return new BalancerCells(scope) as object as BalancerStats;
}

const EVENTS: readonly MembershipEvent[] = [
  'membership_change',
  'update_success',
  'update_failure',
  'update_attempt',
  'update_empty',
  'update_no_rebuild',
  'assignment_stale',
];

/** All that Envoy shows of a cluster from the start; each cluster makes what it uses. */
export const CLUSTER_STATS: DeclaredStats = [
  ...[...Object.values(CELLS), ...Object.values(BALANCER_CELLS)].map(([kind, name]) => ({ kind, name })),
  ...[...EVENTS, 'upstream_rq_completed', 'upstream_cx_overflow', 'upstream_cx_pool_overflow'].map(
    (name) => ({ kind: 'counter', name }) as const,
  ),
  { kind: 'histogram', name: 'upstream_rq_time' },
];
