/** A connection manager: what all its connections and requests share. */

import type { Socket } from 'node:net';
import type { CompiledFilter } from '../http-filters/filter.ts';
import type { NetworkFilterContext, RouteHandle } from '../listeners/network-filter.ts';
import type { RouteTable } from '../route/route-table.ts';
import { type BufferedShare, bufferedUnder } from '../stats/buffered-bytes.ts';
import type { StatsScope } from '../stats/stats.ts';
import type { AccessLogger, StreamInfo } from '../stream-info.ts';
import type { Tracing } from '../telemetry/tracing/tracing.ts';
import type { LocalReplies } from './local-reply-config.ts';
import type { ManagerSettings } from './settings.ts';
import { ManagerStats } from './manager-stats.ts';
import { reasonPhrase } from './status.ts';
import type { HttpStream } from './stream.ts';

export interface RouterSettings {
  /** None of the router's own headers are written. */
  readonly suppressHeaders: boolean;
  /** `x-envoy-expected-rq-timeout-ms` of requests counts. */
  readonly respectExpectedTimeout: boolean;
  /** Tries have spans of their own, unless the tracing says otherwise. */
  readonly startsChildSpan: boolean;
}

export interface ManagerParts {
  readonly settings: ManagerSettings;
  readonly context: NetworkFilterContext;
  /** Of the scope `http.PREFIX.`; whoever made it lets go of it. */
  readonly stats: StatsScope;
  readonly routes: RouteHandle;
  readonly filters: readonly CompiledFilter[];
  readonly router: RouterSettings;
  readonly tracing: Tracing | undefined;
  /** What the proxy's own answers are made into. */
  readonly localReplies: LocalReplies | undefined;
  readonly accessLog: AccessLogger | undefined;
}

const NO_NAMES: readonly string[] = [];

export class Manager {
  readonly settings: ManagerSettings;
  readonly context: NetworkFilterContext;
  readonly stats: ManagerStats;
  readonly routes: RouteHandle;
  readonly filters: readonly CompiledFilter[];
  readonly router: RouterSettings;
  readonly tracing: Tracing | undefined;
  readonly localReplies: ManagerParts['localReplies'];
  readonly #accessLog: AccessLogger | undefined;
  readonly #share: BufferedShare;

  constructor(parts: ManagerParts) {
    this.settings = parts.settings;
    this.context = parts.context;
    this.routes = parts.routes;
    this.filters = parts.filters;
    this.router = parts.router;
    this.tracing = parts.tracing;
    this.localReplies = parts.localReplies;
    this.#accessLog = parts.accessLog;
    const { stats: all, listener } = parts.context;
    const { prefix } = parts.stats;
    this.stats = new ManagerStats(parts.stats, listener.stats.scope(prefix));
    this.#share = bufferedUnder(all, prefix);
  }

  /** A client has connected. */
  onConnection(socket: Socket): void {
    this.#share.buffered.add(socket);
  }

  /** Nothing new comes. */
  close(): void {
    this.#share.release();
  }

  onStream({ info }: HttpStream): void {
    const { counters, gauges } = this.stats;
    counters.downstream_rq_total.value++;
    gauges.downstream_rq_active.value++;
    if (info.protocol === 'HTTP/2') counters.downstream_rq_http2_total.value++;
    else counters.downstream_rq_http1_total.value++;
  }

  onStreamEnd(stream: HttpStream): void {
    const { info } = stream;
    this.stats.gauges.downstream_rq_active.value--;
    // Health checks are not counted, as in Envoy, nor redirects that the client never sees.
    if (info.responseCode !== 0 && info.healthCheck !== true && !stream.isSucceeded)
      this.stats.onAnswer(info.responseCode);
    this.stats.requestTime.record(info.times.end - info.times.start);
    stream.span?.finish();
    this.#accessLog?.(info);
  }

  /** For what never became a request. */
  log(info: StreamInfo): void {
    this.#accessLog?.(info);
  }

  internalOnly(table: RouteTable | undefined): readonly string[] {
    return table?.config.internalOnlyHeaders ?? NO_NAMES;
  }

  phrase(status: number): string {
    return reasonPhrase(status);
  }
}
