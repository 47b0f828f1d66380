/** The statistics of a cluster: https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats */

import { BufferedBytes } from '../stats/buffered-bytes.ts';
import type { DeclaredStats, StatsScope } from '../stats/stats.ts';
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

/** Of the scope `cluster.NAME.`. */
export function clusterStats(scope: StatsScope): ClusterStats {
  return {
    scope,
    cxTotal: scope.counter('upstream_cx_total'),
    cxActive: scope.gauge('upstream_cx_active'),
    cxConnectFail: scope.counter('upstream_cx_connect_fail'),
    cxConnectTimeout: scope.counter('upstream_cx_connect_timeout'),
    cxDestroy: scope.counter('upstream_cx_destroy'),
    cxDestroyLocal: scope.counter('upstream_cx_destroy_local'),
    cxDestroyRemote: scope.counter('upstream_cx_destroy_remote'),
    cxDestroyWithActiveRq: scope.counter('upstream_cx_destroy_with_active_rq'),
    cxDestroyLocalWithActiveRq: scope.counter('upstream_cx_destroy_local_with_active_rq'),
    cxDestroyRemoteWithActiveRq: scope.counter('upstream_cx_destroy_remote_with_active_rq'),
    cxConnectTime: scope.histogram('upstream_cx_connect_ms'),
    cxLength: scope.histogram('upstream_cx_length_ms'),
    cxHttp1Total: scope.counter('upstream_cx_http1_total'),
    cxHttp2Total: scope.counter('upstream_cx_http2_total'),
    cxCloseNotify: scope.counter('upstream_cx_close_notify'),
    rqPerCx: scope.histogram('upstream_rq_per_cx'),
    buffered: new BufferedBytes('upstream'),
    cxRxBytesTotal: scope.counter('upstream_cx_rx_bytes_total'),
    cxTxBytesTotal: scope.counter('upstream_cx_tx_bytes_total'),
    rqTotal: scope.counter('upstream_rq_total'),
    rqActive: scope.gauge('upstream_rq_active'),
    rqCompleted: scope.counter('upstream_rq_completed'),
    rqPendingTotal: scope.counter('upstream_rq_pending_total'),
    rqPendingActive: scope.gauge('upstream_rq_pending_active'),
    rqPendingOverflow: scope.counter('upstream_rq_pending_overflow'),
    rqPendingFailureEject: scope.counter('upstream_rq_pending_failure_eject'),
    rqCancelled: scope.counter('upstream_rq_cancelled'),
    rqTimeout: scope.counter('upstream_rq_timeout'),
    rqPerTryTimeout: scope.counter('upstream_rq_per_try_timeout'),
    rqRxReset: scope.counter('upstream_rq_rx_reset'),
    rqTxReset: scope.counter('upstream_rq_tx_reset'),
    rqRetry: scope.counter('upstream_rq_retry'),
    rqRetrySuccess: scope.counter('upstream_rq_retry_success'),
    rqRetryOverflow: scope.counter('upstream_rq_retry_overflow'),
    rqRetryLimitExceeded: scope.counter('upstream_rq_retry_limit_exceeded'),
    rqMaintenanceMode: scope.counter('upstream_rq_maintenance_mode'),
    rqTime: scope.histogram('upstream_rq_time'),
  };
}

export function balancerStats(scope: StatsScope): BalancerStats {
  return {
    healthyPanic: scope.counter('lb_healthy_panic'),
    localClusterNotOk: scope.counter('lb_local_cluster_not_ok'),
    recalculateZoneStructures: scope.counter('lb_recalculate_zone_structures'),
    zoneClusterTooSmall: scope.counter('lb_zone_cluster_too_small'),
    zoneNoCapacityLeft: scope.counter('lb_zone_no_capacity_left'),
    zoneRoutingAllDirectly: scope.counter('lb_zone_routing_all_directly'),
    zoneRoutingSampled: scope.counter('lb_zone_routing_sampled'),
    zoneRoutingCrossZone: scope.counter('lb_zone_routing_cross_zone'),
  };
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
  ...namesOf(clusterStats),
  ...namesOf(balancerStats),
  ...[...EVENTS, 'upstream_cx_overflow', 'upstream_cx_pool_overflow'].map(
    (name) => ({ kind: 'counter', name }) as const,
  ),
];

/** The statistics that a function makes of its scope. */
export function namesOf(make: (scope: StatsScope) => unknown): DeclaredStats {
  const names: DeclaredStats[number][] = [];
  const note = (kind: DeclaredStats[number]['kind']) => (name: string) => {
    names.push({ kind, name });
    return { value: 0, record: () => undefined };
  };
  const scope: StatsScope = {
    prefix: '',
    counter: note('counter'),
    gauge: note('gauge'),
    histogram: note('histogram'),
    scope: () => scope,
    declare: () => undefined,
    measure: () => undefined,
    release: () => undefined,
  };
  make(scope);
  return names;
}
