/** Istio's standard metrics of TCP connections. https://istio.io/latest/docs/reference/config/metrics/ */

import type { NodeInfo } from '../../listeners/network-filter.ts';
import type { Counter, StatsScope } from '../../stats/stats.ts';
import type { StreamInfo } from '../../stream-info.ts';
import { shortFlags } from '../response-flags.ts';
import { type Direction, MOST_LABELS, meshLabels } from './mesh-labels.ts';

/** The counters of connections between the same peers. */
export interface ConnectionMetrics {
  readonly opened: Counter;
  readonly closed: Counter;
  /** To the client. */
  readonly sentBytes: Counter;
  /** From the client. */
  readonly receivedBytes: Counter;
}

/** Of a connection whose endpoint is known, or will never be. */
export type ConnectionMetricsOf = (info: StreamInfo) => ConnectionMetrics;

/** Undefined for a proxy that belongs to no mesh. */
export function connectionMetrics(
  stats: StatsScope,
  node: NodeInfo,
  direction: Direction,
): ConnectionMetricsOf | undefined {
  const labels = meshLabels(node, direction);
  if (labels === undefined) return undefined;
  const known = new Map<string, ConnectionMetrics>();
  return (info) => {
    const key = `${labels.key(info)} ${info.responseFlags.join()}`;
    let metrics = known.get(key);
    if (metrics === undefined) {
      if (known.size >= MOST_LABELS) known.clear();
      const tags = [
        ...labels.peers(info),
        ['request_protocol', 'tcp'],
        ['response_flags', shortFlags(info.responseFlags) ?? '-'],
        ['connection_security_policy', labels.security(info)],
      ] as const;
      metrics = {
        opened: stats.counter('istio_tcp_connections_opened_total', tags),
        closed: stats.counter('istio_tcp_connections_closed_total', tags),
        sentBytes: stats.counter('istio_tcp_sent_bytes_total', tags),
        receivedBytes: stats.counter('istio_tcp_received_bytes_total', tags),
      };
      known.set(key, metrics);
    }
    return metrics;
  };
}
