/** All that one request is counted in, beside the tries themselves: its cluster, its route, its virtual cluster. */

import type { CompiledRoute } from '../route/route-table.ts';
import type { Cluster } from '../upstream/types.ts';
import { type ClusterCodes, codesOf } from './cluster-codes.ts';
import { type RequestStats, requestStatsOf } from './request-stats.ts';
import type { RetryCounters } from './retry-state.ts';
import type { HttpStream } from './stream.ts';

export class Tally {
  readonly #cluster: Cluster;
  readonly #codes: ClusterCodes;
  readonly #also: readonly RequestStats[];
  readonly #internal: boolean;

  static of(stream: HttpStream, compiled: CompiledRoute, cluster: Cluster): Tally {
    const { info, requestHeaders: headers } = stream;
    const also = requestStatsOf(compiled, stream, (name) => (info.virtualClusterName = name));
    return new Tally(cluster, also, headers.has('x-envoy-internal'));
  }

  /** `internal`: it comes from inside (`x-envoy-internal`). */
  constructor(cluster: Cluster, also: readonly RequestStats[], internal: boolean) {
    this.#cluster = cluster;
    this.#codes = codesOf(cluster);
    this.#also = also;
    this.#internal = internal;
  }

  get retries(): readonly RetryCounters[] {
    return [this.#cluster.stats, ...this.#also];
  }

  /** A try was sent. */
  sent(): void {
    for (const { rqTotal } of this.#also) rqTotal.value++;
  }

  answered(status: number): void {
    this.#codes.count(status, this.#internal);
    for (const { codes } of this.#also) codes.count(status);
  }

  /** An answer that nobody gets, since the request is sent again. */
  answeredInVain(status: number): void {
    this.#codes.countRetried(status);
  }

  /** Milliseconds until the last byte of the answer. */
  took(time: number): void {
    this.#codes.time(time, this.#internal);
    for (const { codes } of this.#also) codes.time(time);
  }

  /** No answer came in time. */
  timedOut(): void {
    for (const { rqTimeout } of this.#also) rqTimeout.value++;
  }
}
