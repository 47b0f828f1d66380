/** The statistics of a cluster: https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats */

import type { Counter, Gauge, StatsScope } from '../stats/stats.ts';
import type { BalancerStats } from './balancers/balancer.ts';
import type { ClusterStats } from './types.ts';

/** What nothing but the cluster itself counts. */
export interface MembershipStats {
  readonly total: Gauge;
  readonly healthy: Gauge;
  readonly degraded: Gauge;
  readonly excluded: Gauge;
  readonly change: Counter;
  readonly updateSuccess: Counter;
  readonly updateFailure: Counter;
  readonly updateAttempt: Counter;
  readonly updateEmpty: Counter;
  readonly updateNoRebuild: Counter;
  readonly maxHostWeight: Gauge;
  readonly assignmentStale: Counter;
}

/** Of the scope `cluster.NAME.`. */
export function clusterStats(scope: StatsScope): ClusterStats {
  // These exist without anyone who adds to them yet, as in Envoy.
  for (const name of ['upstream_cx_overflow', 'upstream_cx_pool_overflow', 'lb_healthy_panic'])
    scope.counter(name);
  return {
    scope,
    cxTotal: scope.counter('upstream_cx_total'),
    cxActive: scope.gauge('upstream_cx_active'),
    cxConnectFail: scope.counter('upstream_cx_connect_fail'),
    cxConnectTimeout: scope.counter('upstream_cx_connect_timeout'),
    cxDestroy: scope.counter('upstream_cx_destroy'),
    cxHttp1Total: scope.counter('upstream_cx_http1_total'),
    cxHttp2Total: scope.counter('upstream_cx_http2_total'),
    cxRxBytesTotal: scope.counter('upstream_cx_rx_bytes_total'),
    cxTxBytesTotal: scope.counter('upstream_cx_tx_bytes_total'),
    rqTotal: scope.counter('upstream_rq_total'),
    rqActive: scope.gauge('upstream_rq_active'),
    rqCompleted: scope.counter('upstream_rq_completed'),
    rqPendingTotal: scope.counter('upstream_rq_pending_total'),
    rqPendingActive: scope.gauge('upstream_rq_pending_active'),
    rqPendingOverflow: scope.counter('upstream_rq_pending_overflow'),
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

export function membershipStats(scope: StatsScope): MembershipStats {
  return {
    total: scope.gauge('membership_total'),
    healthy: scope.gauge('membership_healthy'),
    degraded: scope.gauge('membership_degraded'),
    excluded: scope.gauge('membership_excluded'),
    change: scope.counter('membership_change'),
    updateSuccess: scope.counter('update_success'),
    updateFailure: scope.counter('update_failure'),
    updateAttempt: scope.counter('update_attempt'),
    updateEmpty: scope.counter('update_empty'),
    updateNoRebuild: scope.counter('update_no_rebuild'),
    maxHostWeight: scope.gauge('max_host_weight'),
    assignmentStale: scope.counter('assignment_stale'),
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
