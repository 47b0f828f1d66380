/** `tcp.STAT_PREFIX.*`: https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/tcp_proxy_filter#statistics */

import type { Counter, StatsScope } from '../stats/stats.ts';
import type { Cluster } from '../upstream/types.ts';

export interface TcpStats {
  readonly total: Counter;
  readonly noRoute: Counter;
  readonly txBytes: Counter;
  readonly rxBytes: Counter;
  readonly pausedReading: Counter;
  readonly resumedReading: Counter;
  readonly idleTimeout: Counter;
  readonly maxDuration: Counter;
}

export function tcpStats(scope: StatsScope): TcpStats {
  return {
    total: scope.counter('downstream_cx_total'),
    noRoute: scope.counter('downstream_cx_no_route'),
    txBytes: scope.counter('downstream_cx_tx_bytes_total'),
    rxBytes: scope.counter('downstream_cx_rx_bytes_total'),
    pausedReading: scope.counter('downstream_flow_control_paused_reading_total'),
    resumedReading: scope.counter('downstream_flow_control_resumed_reading_total'),
    idleTimeout: scope.counter('idle_timeout'),
    maxDuration: scope.counter('max_downstream_connection_duration'),
  };
}

/** Statistics of a cluster that nobody but its TCP connections adds to. */
export interface ClusterTcpStats {
  readonly overflow: Counter;
  readonly noneHealthy: Counter;
  readonly attemptsExceeded: Counter;
}

const known = new WeakMap<Cluster, ClusterTcpStats>();

export function clusterTcpStats(cluster: Cluster): ClusterTcpStats {
  let stats = known.get(cluster);
  if (stats === undefined) {
    const { scope } = cluster.stats;
    stats = {
      overflow: scope.counter('upstream_cx_overflow'),
      noneHealthy: scope.counter('upstream_cx_none_healthy'),
      attemptsExceeded: scope.counter('upstream_cx_connect_attempts_exceeded'),
    };
    known.set(cluster, stats);
  }
  return stats;
}
