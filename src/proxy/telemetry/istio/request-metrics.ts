/** Istio's standard metrics of HTTP and gRPC requests. https://istio.io/latest/docs/reference/config/metrics/ */

import type { NodeInfo } from '../../listeners/network-filter.ts';
import type { Counter, Histogram, StatsScope } from '../../stats/stats.ts';
import type { AccessLogger, StreamInfo } from '../../stream-info.ts';
import { grpcStatusOf, isGrpc } from '../grpc-status.ts';
import { shortFlags } from '../response-flags.ts';
import type { Host } from '../../upstream/types.ts';
import { type Direction, type LabelOrigin, MOST_LABELS, meshLabels } from './mesh-labels.ts';

interface Metrics {
  readonly requests: Counter;
  readonly duration: Histogram;
  readonly requestBytes: Histogram;
  readonly responseBytes: Histogram;
  /** Of gRPC. */
  readonly messages: { readonly requests: Counter; readonly responses: Counter } | undefined;
}

/** What the last request of an endpoint was counted in, and what tells whether the next one is. */
interface Recent {
  readonly origin: LabelOrigin;
  readonly code: number;
  readonly grpc: string;
  readonly metrics: Metrics;
}

/** Where the filter `grpc_stats` leaves how many messages went each way, as `3,1`. */
const MESSAGES = 'envoy.filters.http.grpc_stats';

/** Undefined for a proxy that belongs to no mesh. */
export function requestMetrics(
  stats: StatsScope,
  node: NodeInfo,
  direction: Direction,
): AccessLogger | undefined {
  const made = meshLabels(node, direction);
  if (made === undefined) return undefined;
  const labels = made;
  const known = new Map<string, Metrics>();

  function metricsOf(info: StreamInfo): Metrics {
    const grpc = isGrpc(info.requestHeaders);
    const peers = labels.peers(info);
    const tags = [
      ...peers,
      ['request_protocol', grpc ? 'grpc' : 'http'],
      ['response_code', String(info.responseCode)],
      ['grpc_response_status', grpc ? String(grpcStatusOf(info) ?? '') : ''],
      ['response_flags', shortFlags(info.responseFlags) ?? '-'],
      ['connection_security_policy', labels.security(info)],
    ] as const;
    return {
      requests: stats.counter('istio_requests_total', tags),
      duration: stats.histogram('istio_request_duration_milliseconds', tags),
      requestBytes: stats.histogram('istio_request_bytes', tags),
      responseBytes: stats.histogram('istio_response_bytes', tags),
      // A call that goes on for long has its messages before it has an answer, so that nothing of one is among their labels.
      messages: grpc
        ? {
            requests: stats.counter('istio_request_messages_total', peers),
            responses: stats.counter('istio_response_messages_total', peers),
          }
        : undefined,
    };
  }

  function knownMetrics(info: StreamInfo, grpc: string): Metrics {
    const { responseCode, responseFlags } = info;
    // What tells one set of labels from another, cheaper than the labels themselves.
    const key = `${labels.key(info)} ${responseCode} ${responseFlags.join()} ${grpc}`;
    let metrics = known.get(key);
    if (metrics === undefined) {
      if (known.size >= MOST_LABELS) known.clear();
      metrics = metricsOf(info);
      known.set(key, metrics);
    }
    return metrics;
  }

  const recent = new WeakMap<Host, Recent>();

  /** Mostly those of the endpoint's last request. */
  function lastOrKnown(info: StreamInfo): Metrics {
    const { responseCode: code, upstreamHost: host } = info;
    const grpc = isGrpc(info.requestHeaders) ? String(grpcStatusOf(info) ?? '') : 'http';
    if (host === undefined || info.responseFlags.length > 0) return knownMetrics(info, grpc);
    const last = recent.get(host);
    if (last !== undefined && last.code === code && last.grpc === grpc && labels.isOf(last.origin, info))
      return last.metrics;
    const metrics = knownMetrics(info, grpc);
    recent.set(host, { origin: labels.origin(info), code, grpc, metrics });
    return metrics;
  }

  return (info) => {
    const metrics = lastOrKnown(info);
    metrics.requests.value++;
    metrics.duration.record(Math.floor(info.times.end - info.times.start));
    metrics.requestBytes.record(info.requestHeaderBytes + info.bytesReceived);
    metrics.responseBytes.record(info.responseHeaderBytes + info.bytesSent);
    const counts = metrics.messages === undefined ? undefined : info.filterState.get(MESSAGES)?.split(',');
    if (metrics.messages === undefined || counts === undefined) return;
    metrics.messages.requests.value += Number(counts[0]);
    metrics.messages.responses.value += Number(counts[1]);
  };
}
