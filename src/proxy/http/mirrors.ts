/** Copies of a request for other clusters, whose answers nobody waits for. */

import type { Mirror } from '../route/forwarding.ts';
import { keep } from '../sockets/reading.ts';
import type { Cluster } from '../upstream/types.ts';
import type { OutgoingRequest, RequestWriter } from './codec.ts';
import type { HeaderList } from './header-list.ts';
import { codesOf } from './cluster-codes.ts';
import { RequestContext } from './load-balancing.ts';
import { localAddress } from './local-address.ts';
import { poolProtocol } from './forward-request.ts';
import { poolOf } from './pool.ts';
import type { HttpStream } from './stream.ts';
import { type TryOwner, UpstreamTry } from './upstream-try.ts';

export class Mirrors {
  readonly #copies: readonly Copy[];

  private constructor(copies: readonly Copy[]) {
    this.#copies = copies;
  }

  /** Undefined when this request is not copied. */
  static of(
    mirrors: readonly Mirror[],
    stream: HttpStream,
    request: OutgoingRequest,
    end: boolean,
  ): Mirrors | undefined {
    const copies: Copy[] = [];
    for (const mirror of mirrors) {
      const { random, clusters } = stream.manager.context;
      if (mirror.percent < 100 && (random() % 1_000_000) / 10_000 >= mirror.percent) continue;
      const name = mirror.clusterFor(stream);
      const cluster = name === undefined ? undefined : clusters.get(name);
      if (cluster !== undefined) copies.push(new Copy(cluster, mirror, stream, request, end));
    }
    return copies.length === 0 ? undefined : new Mirrors(copies);
  }

  data(chunk: Buffer, end: boolean): void {
    for (const copy of this.#copies) copy.data(chunk, end);
  }

  trailers(trailers: HeaderList): void {
    for (const copy of this.#copies) copy.trailers(trailers);
  }

  /** The request will not be whole: neither will its copies. */
  cancel(): void {
    for (const copy of this.#copies) copy.cancel();
  }
}

/** More than this is not kept for a copy that nobody takes. */
const MAX_WAITING = 1024 * 1024;

class Copy implements TryOwner {
  readonly #request: OutgoingRequest;
  readonly #end: boolean;
  #try: UpstreamTry | undefined;
  #writer: RequestWriter | undefined;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #done = false;
  #trailers: HeaderList | undefined;

  constructor(asked: Cluster, mirror: Mirror, stream: HttpStream, request: OutgoingRequest, end: boolean) {
    this.#end = end;
    const headers = request.headers.clone();
    headers.set('x-envoy-internal', 'true');
    const before = headers.joined('x-forwarded-for');
    headers.set('x-forwarded-for', before === undefined ? localAddress() : `${before},${localAddress()}`);
    this.#request = {
      method: request.method,
      authority: mirror.hostSuffix ? shadowName(request.authority) : request.authority,
      path: request.path,
      scheme: request.scheme,
      headers,
      upgrade: '',
    };
    this.#done = end;
    const host = asked.choose(new RequestContext(stream, [], undefined));
    if (host === undefined) return;
    const cluster = asked.owner?.(host) ?? asked;
    const attempt = new UpstreamTry(cluster, host, cluster.breaker('default').requests, this);
    this.#try = attempt;
    const protocol = poolProtocol(cluster, stream.info.protocol);
    const options = { alpn: [], authority: this.#request.authority };
    const cancel = poolOf(cluster, host, protocol, 'default', options).request(attempt, options);
    if (!attempt.over) attempt.cancelWish = cancel;
  }

  data(chunk: Buffer, end: boolean): void {
    if (this.#try === undefined || this.#try.over) return;
    this.#done = end;
    if (this.#writer !== undefined) {
      this.#writer.data(chunk, end);
      return;
    }
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_WAITING) this.#try.abandon();
    else this.#waiting.push(keep(chunk));
  }

  trailers(trailers: HeaderList): void {
    this.#done = true;
    this.#trailers = trailers;
    this.#writer?.trailers(trailers);
  }

  cancel(): void {
    if (!this.#done) this.#try?.abandon();
  }

  onTryReady(attempt: UpstreamTry, writer: RequestWriter): void {
    attempt.sent = true;
    this.#writer = writer;
    const waiting = this.#waiting;
    this.#waiting = [];
    writer.head(this.#request, this.#end);
    const last = waiting.length - 1;
    for (const [index, chunk] of waiting.entries()) {
      writer.data(chunk, index === last && this.#done && this.#trailers === undefined);
    }
    if (this.#trailers !== undefined) writer.trailers(this.#trailers);
  }

  onTryHead(attempt: UpstreamTry, status: number): void {
    attempt.cluster.report(attempt.host, { kind: 'status', status });
    // Copies are requests of the proxy's own.
    codesOf(attempt.cluster).count(status, true);
  }

  onTryInformation(): void {
    // Nobody waits for it.
  }

  onTryData(): void {
    // As above.
  }

  onTryTrailers(): void {
    // As above.
  }

  onTryReset(attempt: UpstreamTry): void {
    codesOf(attempt.cluster).count(503, true);
  }

  onTryTimeout(): void {
    // No limit was set.
  }

  onTryWritable(): void {
    // The client is not slowed down for a copy.
  }
}

/** `-shadow` behind the name, before the port. */
function shadowName(authority: string): string {
  const port = /:\d+$/.exec(authority)?.[0] ?? '';
  return `${authority.slice(0, authority.length - port.length)}-shadow${port}`;
}
