/** What the codec counts: https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/stats#http-2-codec-statistics */

import type { Counter, Gauge, StatsScope } from '../stats/stats.ts';

const COUNTERS = [
  'dropped_headers_with_underscores',
  'goaway_sent',
  'header_list_size_too_large',
  'header_overflow',
  'inbound_empty_frames_flood',
  'inbound_priority_frames_flood',
  'inbound_window_update_frames_flood',
  'keepalive_timeout',
  'outbound_control_flood',
  'outbound_flood',
  'requests_rejected_with_underscores_in_headers',
  'rx_messaging_error',
  'rx_reset',
  'stream_refused_errors',
  'trailers',
  'tx_flush_timeout',
  'tx_reset',
] as const;

export type Http2Counter = (typeof COUNTERS)[number];

export interface Http2Stats {
  readonly counters: Readonly<Record<Http2Counter, Counter>>;
  readonly streamsActive: Gauge;
}

const known = new WeakMap<StatsScope, Http2Stats>();

/** Of a cluster they are made with its first connection, as in Envoy: most clusters never speak HTTP/2. */
export function http2Stats(scope: StatsScope): Http2Stats {
  let stats = known.get(scope);
  if (stats === undefined) {
    const own = scope.scope('http2.');
    const counters = COUNTERS.map((name) => [name, own.counter(name)] as const);
    stats = {
      counters: Object.fromEntries(counters) as Http2Stats['counters'],
      streamsActive: own.gauge('streams_active'),
    };
    known.set(scope, stats);
  }
  return stats;
}
