/** A connection of HTTP/2 to a server behind the proxy, for many requests at once. */

import type { Socket } from 'node:net';
import type { RequestWriter, ResponseReceiver } from '../http/codec.ts';
import { ClientStream } from './client-stream.ts';
import { type ConnectionOptions, Http2Connection } from './connection.ts';
import { ConnectionError, ErrorCode } from './errors.ts';
import { MAX_STREAM_ID, PREFACE, Setting } from './frames.ts';

export interface Http2ClientOwner {
  /** There is room for a further request. */
  onRoom(session: Http2ClientConnection): void;
  /** The last of its requests is done. */
  onIdle(session: Http2ClientConnection): void;
  /** The server wants no further requests, or the connection is gone. */
  onRetired(session: Http2ClientConnection): void;
  /** The server has said so. */
  onGoaway(): void;
  onClosed(session: Http2ClientConnection): void;
}

export class Http2ClientConnection extends Http2Connection {
  readonly localAddress: string;
  readonly #owner: Http2ClientOwner;
  /** Requests at once: what the configuration says, and the server. */
  #most: number;
  /** Those that have no stream yet count, too. */
  #requests = 0;
  #nextStream = 1;
  retired = false;
  broken = false;
  requests = 0;

  constructor(socket: Socket, options: ConnectionOptions, owner: Http2ClientOwner) {
    super(socket, options);
    this.#owner = owner;
    this.#most = options.maxConcurrentStreams;
    const { localAddress = '', localPort = 0 } = socket;
    this.localAddress = localAddress.includes(':')
      ? `[${localAddress}]:${localPort}`
      : `${localAddress}:${localPort}`;
    this.output.raw(PREFACE);
    this.open([
      [Setting.HEADER_TABLE_SIZE, options.maxHeaderTableSize],
      [Setting.ENABLE_PUSH, 0],
      [Setting.INITIAL_WINDOW_SIZE, options.initialStreamWindow],
    ]);
  }

  get hasRoom(): boolean {
    return !this.retired && this.#requests < this.#most;
  }

  override get idle(): boolean {
    return this.#requests === 0;
  }

  /** Requests that are on it, or were when it went. */
  get active(): number {
    return this.#requests;
  }

  start(receiver: ResponseReceiver): RequestWriter {
    this.#requests++;
    this.requests++;
    this.wake();
    return new ClientStream(this, receiver);
  }

  /** Gives the stream its number, in the order in which heads are written; false when the connection is gone. */
  begin(stream: ClientStream): boolean {
    if (this.gone) return false;
    stream.id = this.#nextStream;
    stream.sendWindow = this.initialSendWindow;
    this.#nextStream += 2;
    this.add(stream);
    if (this.#nextStream > MAX_STREAM_ID) this.retire();
    return true;
  }

  /** No further request is put on it. */
  retire(): void {
    if (!this.retired) {
      this.retired = true;
      this.#owner.onRetired(this);
    }
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (!this.idle || this.gone) return;
    this.output.goaway(0, ErrorCode.NO_ERROR);
    this.finish();
  }

  protected isIdle(id: number): boolean {
    return id % 2 === 0 || id >= this.#nextStream;
  }

  protected override get lastPeerStream(): number {
    return 0;
  }

  protected override get endsAtOnce(): boolean {
    return true;
  }

  protected onFields(id: number, end: boolean): void {
    if (this.isIdle(id)) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'an answer to nothing');
    const stream = this.streams.get(id);
    if (!(stream instanceof ClientStream)) return;
    const { fields } = this;
    const { stats, streamErrors } = this.options;
    if (stream.remoteDone)
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, 'HEADERS behind the end of a stream');
    const { excess } = fields;
    if (excess !== undefined) {
      stats.counters[excess === 'count' ? 'header_overflow' : 'header_list_size_too_large'].value++;
      stream.fail(ErrorCode.INTERNAL_ERROR);
      return;
    }
    if (stream.started) stats.counters.trailers.value++;
    if (!stream.takes(fields, end)) {
      stats.counters.rx_messaging_error.value++;
      stream.fail(ErrorCode.PROTOCOL_ERROR);
      if (!streamErrors) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'no message');
      return;
    }
    stream.onFields(fields, end);
  }

  protected onGoaway(lastStream: number): void {
    this.#owner.onGoaway();
    this.retire();
    for (const stream of this.streams.all()) {
      if (stream.id <= lastStream) continue;
      stream.end();
      stream.onReset(ErrorCode.REFUSED_STREAM, true);
    }
  }

  protected onPeerStreams(most: number): void {
    this.#most = Math.min(most, this.options.maxConcurrentStreams);
    if (this.hasRoom) this.#owner.onRoom(this);
  }

  protected onStreamRemoved(): void {
    if (this.gone) return;
    this.#requests--;
    if (this.retired) {
      this.#closeWhenIdle();
      return;
    }
    if (this.hasRoom) this.#owner.onRoom(this);
    if (this.idle) this.#owner.onIdle(this);
  }

  /** What the peer sent was no HTTP/2: the streams are told so as the connection goes. */
  protected onBroken(): void {
    this.broken = true;
  }

  protected onGone(): void {
    if (!this.retired) {
      this.retired = true;
      this.#owner.onRetired(this);
    }
    this.#owner.onClosed(this);
  }
}
