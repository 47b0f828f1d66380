/** What a connection manager counts: https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/stats */

import type { Counter, Gauge, Histogram, StatsScope } from '../stats/stats.ts';

const COUNTERS = [
  'downstream_cx_total',
  'downstream_cx_http1_total',
  'downstream_cx_http2_total',
  'downstream_cx_upgrades_total',
  'downstream_cx_destroy',
  'downstream_cx_destroy_active_rq',
  'downstream_cx_destroy_local',
  'downstream_cx_destroy_local_active_rq',
  'downstream_cx_destroy_remote',
  'downstream_cx_destroy_remote_active_rq',
  'downstream_cx_drain_close',
  'downstream_cx_idle_timeout',
  'downstream_cx_max_duration_reached',
  'downstream_cx_max_requests_reached',
  'downstream_cx_protocol_error',
  'downstream_cx_rx_bytes_total',
  'downstream_cx_tx_bytes_total',
  'downstream_cx_ssl_total',
  'downstream_flow_control_paused_reading_total',
  'downstream_flow_control_resumed_reading_total',
  'downstream_rq_total',
  'downstream_rq_http1_total',
  'downstream_rq_http2_total',
  'downstream_rq_completed',
  'downstream_rq_1xx',
  'downstream_rq_2xx',
  'downstream_rq_3xx',
  'downstream_rq_4xx',
  'downstream_rq_5xx',
  'downstream_rq_failed_path_normalization',
  'downstream_rq_header_timeout',
  'downstream_rq_idle_timeout',
  'downstream_rq_max_duration_reached',
  'downstream_rq_non_relative_path',
  'downstream_rq_overload_close',
  'downstream_rq_redirected_with_normalized_path',
  'downstream_rq_rejected_via_ip_detection',
  'downstream_rq_response_before_rq_complete',
  'downstream_rq_rx_reset',
  'downstream_rq_timeout',
  'downstream_rq_too_large',
  'downstream_rq_too_many_premature_resets',
  'downstream_rq_tx_reset',
  'downstream_rq_ws_on_non_ws_route',
  'no_cluster',
  'no_route',
  'passthrough_internal_redirect_bad_location',
  'passthrough_internal_redirect_no_route',
  'passthrough_internal_redirect_predicate',
  'passthrough_internal_redirect_too_many_redirects',
  'passthrough_internal_redirect_unsafe_scheme',
  'rq_direct_response',
  'rq_redirect',
  'rq_reset_after_downstream_response_started',
  'rq_total',
  'rs_too_large',
] as const;

const GAUGES = [
  'downstream_cx_active',
  'downstream_cx_http1_active',
  'downstream_cx_http2_active',
  'downstream_cx_upgrades_active',
  'downstream_cx_ssl_active',
  'downstream_rq_active',
] as const;

export class ManagerStats {
  readonly counters: Readonly<Record<(typeof COUNTERS)[number], Counter>>;
  readonly gauges: Readonly<Record<(typeof GAUGES)[number], Gauge>>;
  readonly requestTime: Histogram;
  readonly connectionTime: Histogram;
  /** By the first digit of the status. */
  readonly #classes: readonly (Counter | undefined)[];
  /** The same beside the listener's own statistics. */
  readonly #listenerClasses: readonly (Counter | undefined)[];
  readonly #listenerCompleted: Counter;

  constructor(scope: StatsScope, listenerScope: StatsScope) {
    this.counters = named(COUNTERS, (name) => scope.counter(name));
    this.gauges = named(GAUGES, (name) => scope.gauge(name));
    this.requestTime = scope.histogram('downstream_rq_time');
    this.connectionTime = scope.histogram('downstream_cx_length_ms');
    this.#classes = classes(scope);
    this.#listenerClasses = classes(listenerScope);
    this.#listenerCompleted = listenerScope.counter('downstream_rq_completed');
  }

  /** An answer has been given. */
  onAnswer(status: number): void {
    const digit = Math.floor(status / 100);
    this.counters.downstream_rq_completed.value++;
    this.#listenerCompleted.value++;
    const counter = this.#classes[digit];
    if (counter !== undefined) counter.value++;
    const ofListener = this.#listenerClasses[digit];
    if (ofListener !== undefined) ofListener.value++;
  }
}

function classes(scope: StatsScope): readonly (Counter | undefined)[] {
  return [0, 1, 2, 3, 4, 5].map((digit) =>
    digit === 0 ? undefined : scope.counter(`downstream_rq_${digit}xx`),
  );
}

function named<Name extends string, Stat>(
  names: readonly Name[],
  make: (name: Name) => Stat,
): Readonly<Record<Name, Stat>> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, Stat>;
}
