/** One try to have a request answered by one endpoint. */

import type { Cluster, Host, ResourceLimit } from '../upstream/types.ts';
import type { TrySpan } from '../telemetry/tracing/try-span.ts';
import type { RequestWriter, ResetReason, ResponseReceiver } from './codec.ts';
import { Deadline, type DeadlineOwner, deadlinesOf } from './deadlines.ts';
import type { HeaderList } from './header-list.ts';
import { resetFlag, resetWords } from './reset-reasons.ts';
import { turnTime } from '../sockets/turn.ts';

/** Who tries. */
export interface TryOwner {
  onTryReady(attempt: UpstreamTry, writer: RequestWriter): void;
  onTryInformation(attempt: UpstreamTry, status: number, headers: HeaderList): void;
  onTryHead(attempt: UpstreamTry, status: number, headers: HeaderList, end: boolean): void;
  onTryData(attempt: UpstreamTry, chunk: Buffer, end: boolean): void;
  onTryTrailers(attempt: UpstreamTry, trailers: HeaderList): void;
  onTryReset(attempt: UpstreamTry, reason: ResetReason, details: string): void;
  onTryTimeout(attempt: UpstreamTry, idle: boolean): void;
  onTryWritable(attempt: UpstreamTry): void;
}

export class UpstreamTry implements ResponseReceiver, DeadlineOwner {
  readonly cluster: Cluster;
  readonly host: Host;
  readonly #owner: TryOwner;
  readonly #requests: ResourceLimit;
  writer: RequestWriter | undefined;
  /** The head of the request has been written. */
  sent = false;
  /** The head of the response has come. */
  started = false;
  over = false;
  /** It took too long, and goes on beside another one. */
  hedged = false;
  /** Takes the wish for a connection back. */
  cancelWish: (() => void) | undefined;
  span: TrySpan | undefined;
  #limit: Deadline | undefined;
  #idle: Deadline | undefined;
  #counted = false;

  /** `requests` are those that the cluster may have at once. */
  constructor(cluster: Cluster, host: Host, requests: ResourceLimit, owner: TryOwner) {
    this.cluster = cluster;
    this.host = host;
    this.#requests = requests;
    this.#owner = owner;
  }

  /** Begins the wait of this try; times in milliseconds, 0 for none. */
  limit(perTry: number, perTryIdle: number): void {
    if (perTry > 0) deadlinesOf(perTry).start((this.#limit ??= new Deadline(this)), turnTime());
    if (perTryIdle > 0) deadlinesOf(perTryIdle).start((this.#idle ??= new Deadline(this)), turnTime());
  }

  onReady(writer: RequestWriter): void {
    this.writer = writer;
    this.cancelWish = undefined;
    const { cluster, host } = this;
    cluster.stats.rqTotal.value++;
    cluster.stats.rqActive.value++;
    host.stats.rqTotal++;
    host.stats.rqActive++;
    this.#requests.current++;
    this.#counted = true;
    this.#owner.onTryReady(this, writer);
  }

  onInformation(status: number, headers: HeaderList): void {
    if (!this.over) this.#owner.onTryInformation(this, status, headers);
  }

  onHead(status: number, headers: HeaderList, end: boolean): void {
    if (this.over) return;
    this.started = true;
    this.span?.answered(status, headers);
    this.#limit?.cancel();
    this.#active();
    if (end) this.finish();
    this.#owner.onTryHead(this, status, headers, end);
  }

  onData(chunk: Buffer, end: boolean): void {
    if (this.over) return;
    this.#active();
    if (end) this.finish();
    this.#owner.onTryData(this, chunk, end);
  }

  onTrailers(trailers: HeaderList): void {
    if (this.over) return;
    this.span?.ended(trailers);
    this.finish();
    this.#owner.onTryTrailers(this, trailers);
  }

  onReset(reason: ResetReason, details: string): void {
    if (this.over) return;
    this.span?.failed(resetWords(reason), resetFlag(reason));
    this.finish();
    this.cluster.stats.rqRxReset.value += reason === 'remote-reset' || reason === 'remote-refused' ? 1 : 0;
    this.#owner.onTryReset(this, reason, details);
  }

  onWritable(): void {
    if (!this.over) this.#owner.onTryWritable(this);
  }

  onDeadline(deadline: Deadline): void {
    if (!this.over) this.#owner.onTryTimeout(this, deadline === this.#idle);
  }

  /** Nothing more is wanted of it. */
  abandon(): void {
    if (this.over) return;
    const { writer, cancelWish } = this;
    this.span?.canceled();
    this.finish();
    cancelWish?.();
    if (writer === undefined) return;
    // As in Envoy: only there is a reset something that is sent.
    if (writer.protocol === 'HTTP/2') this.cluster.stats.rqTxReset.value++;
    writer.reset();
  }

  /** The response is whole, or there will be none. */
  finish(): void {
    if (this.over) return;
    this.over = true;
    this.span?.finish(this.writer?.protocol ?? '');
    this.#limit?.cancel();
    this.#idle?.cancel();
    if (!this.#counted) return;
    this.cluster.stats.rqActive.value--;
    this.host.stats.rqActive--;
    this.#requests.current--;
  }

  #active(): void {
    const idle = this.#idle;
    if (idle?.list !== undefined) idle.list.start(idle, turnTime());
  }
}

/** How the endpoint has done. */
export function countTry({ host }: UpstreamTry, status: number): void {
  if (status >= 500) host.stats.rqError++;
  else host.stats.rqSuccess++;
}
