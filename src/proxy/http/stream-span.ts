/** The span of one request, for as long as the request goes on. */

import type { ActiveSpan, TracedRoute, Tracing } from '../telemetry/tracing/tracing.ts';
import type { TrySpan } from '../telemetry/tracing/try-span.ts';
import type { Cluster, Host } from '../upstream/types.ts';
import type { HeaderList } from './header-list.ts';
import type { HttpStream } from './stream.ts';

export class StreamSpan {
  readonly #tracing: Tracing;
  readonly #stream: HttpStream;
  readonly #span: ActiveSpan;

  constructor(tracing: Tracing, stream: HttpStream) {
    this.#tracing = tracing;
    this.#stream = stream;
    this.#span = tracing.begin(stream.info, stream.requestHeaders, this.#route);
  }

  get #route(): TracedRoute | undefined {
    return this.#stream.compiled?.route;
  }

  /** Hands the trace on to those behind. */
  inject(): void {
    this.#tracing.inject(this.#span, this.#stream.requestHeaders);
  }

  /** A try begins, with a span of its own where tries have one. */
  beginTry(cluster: Cluster, host: Host): TrySpan | undefined {
    const { info, requestHeaders: headers } = this.#stream;
    return this.#tracing.beginTry(this.#span, { info, headers, cluster, host, route: this.#route });
  }

  respond(headers: HeaderList): void {
    this.#tracing.respond(this.#span, headers);
  }

  /** The stream is over. */
  finish(): void {
    this.#tracing.finish(this.#span, this.#stream.info, this.#route);
  }
}
