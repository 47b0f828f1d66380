/** A connection of HTTP/2 on which a client asks: many requests at once. */

import type { Socket } from 'node:net';
import type { IncomingRequest, RequestReceiver, ResponseWriter } from '../http/codec.ts';
import { Deadline, type DeadlineOwner, type Deadlines } from '../http/deadlines.ts';
import { type ConnectionOptions, Http2Connection } from './connection.ts';
import { ConnectionError, ErrorCode } from './errors.ts';
import { FloodError } from './flood-guard.ts';
import { MAX_STREAM_ID, PREFACE, Setting } from './frames.ts';
import { ServerStream } from './server-stream.ts';

export interface Http2ServerOptions extends ConnectionOptions {
  /** What becomes of headers with an underscore in their names. */
  readonly underscores: 'allow' | 'reject' | 'drop';
  /** From the news that the connection ends to the end of new requests. */
  readonly drain: Deadlines | undefined;
  /** How long the end of an answer may wait for the client. */
  readonly flush: Deadlines | undefined;
}

export interface Http2ServerOwner {
  onRequest(request: IncomingRequest, writer: ResponseWriter): RequestReceiver;
  /** A request was reset for its headers. */
  onRejected(): void;
  /** A stream has begun where there was none, or the last one is over. */
  onBusy(busy: boolean): void;
  /** A request is over; `premature`: the client took it back before there was an answer, soon after it had asked. */
  onRequestEnd(premature: boolean): void;
  /** The client has broken the protocol, and the connection ends for it. */
  onProtocolError(): void;
  onClosed(): void;
}

export class Http2ServerConnection extends Http2Connection implements DeadlineOwner {
  readonly #owner: Http2ServerOwner;
  readonly #options: Http2ServerOptions;
  readonly #drain = new Deadline(this);
  #prefaceBytes = 0;
  #lastStream = 0;
  #drains = false;
  /** No further stream is taken. */
  #closes = false;

  constructor(socket: Socket, options: Http2ServerOptions, owner: Http2ServerOwner) {
    super(socket, options);
    this.#owner = owner;
    this.#options = options;
    this.open([
      [Setting.HEADER_TABLE_SIZE, options.maxHeaderTableSize],
      [Setting.ENABLE_CONNECT_PROTOCOL, options.allowConnect ? 1 : 0],
      [Setting.MAX_CONCURRENT_STREAMS, options.maxConcurrentStreams],
      [Setting.INITIAL_WINDOW_SIZE, options.initialStreamWindow],
    ]);
  }

  /** Tells the client to come no more, takes for a while what is on its way, and ends once all is answered. */
  drain(): void {
    if (this.#drains || this.gone) return;
    this.#drains = true;
    this.#sayGoaway(MAX_STREAM_ID);
    const { drain } = this.#options;
    if (drain === undefined) this.onDeadline();
    else drain.start(this.#drain, performance.now());
  }

  /** The time for what was on its way is over. */
  onDeadline(): void {
    if (this.gone) return;
    this.#closes = true;
    this.#sayGoaway(this.#lastStream);
    if (this.idle) this.finish();
  }

  #sayGoaway(lastStream: number): void {
    this.#options.stats.counters.goaway_sent.value++;
    this.output.goaway(lastStream, ErrorCode.NO_ERROR);
  }

  get flushLimit(): Deadlines | undefined {
    return this.#options.flush;
  }

  onFlushTimeout(): void {
    this.#options.stats.counters.tx_flush_timeout.value++;
  }

  onRequestEnd(premature: boolean): void {
    this.#owner.onRequestEnd(premature);
  }

  protected override read(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#prefaceBytes < PREFACE.length) {
      const length = Math.min(bytes.length, PREFACE.length - this.#prefaceBytes);
      if (bytes.compare(PREFACE, this.#prefaceBytes, this.#prefaceBytes + length, 0, length) !== 0) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'no preface');
      }
      this.#prefaceBytes += length;
      bytes = bytes.subarray(length);
    }
    super.read(bytes);
  }

  protected isIdle(id: number): boolean {
    return id % 2 === 0 || id > this.#lastStream;
  }

  protected override get lastPeerStream(): number {
    return this.#lastStream;
  }

  /** As Envoy closes connections of clients: delayed. */
  protected override get endsAtOnce(): boolean {
    return false;
  }

  protected onFields(id: number, end: boolean): void {
    const known = this.streams.get(id);
    if (known !== undefined) {
      this.#onTrailers(known as ServerStream, end);
      return;
    }
    if (id % 2 === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a client begins odd streams');
    // Of streams that are over something may still be on its way.
    if (id <= this.#lastStream || this.#closes) return;
    this.#lastStream = id;
    const { maxConcurrentStreams, allowConnect, stats } = this.#options;
    if (this.streams.size >= maxConcurrentStreams) {
      if (this.settingsKnown) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'more streams than agreed');
      stats.counters.stream_refused_errors.value++;
      this.#refuse(id, ErrorCode.REFUSED_STREAM);
      return;
    }
    const { fields } = this;
    const { excess } = fields;
    if (excess !== undefined) {
      stats.counters[excess === 'count' ? 'header_overflow' : 'header_list_size_too_large'].value++;
      this.#owner.onRejected();
      this.#refuse(id, ErrorCode.INTERNAL_ERROR);
      return;
    }
    if (fields.requestProblem(end, allowConnect) !== '') {
      this.#owner.onRejected();
      this.#onBadMessage(id);
      return;
    }
    if (!this.#takesUnderscores()) {
      this.#owner.onRejected();
      this.#refuse(id, ErrorCode.INTERNAL_ERROR);
      return;
    }
    const stream = new ServerStream(id, this, this.initialSendWindow, fields, end);
    this.add(stream);
    if (this.streams.size === 1) this.#owner.onBusy(true);
    stream.begin(this.#owner);
  }

  #onTrailers(stream: ServerStream, end: boolean): void {
    const { fields } = this;
    if (stream.remoteDone)
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, 'HEADERS behind the end of a stream');
    this.#options.stats.counters.trailers.value++;
    if (fields.trailersProblem(end) !== '' || !stream.bodyIsWhole) {
      this.#onBadMessage(stream.id);
    } else if (fields.excess !== undefined) {
      this.#options.stats.counters.header_overflow.value++;
      stream.fail(ErrorCode.INTERNAL_ERROR);
    } else {
      stream.receiveTrailers(fields.list);
    }
  }

  /** What came is no message: by Envoy's default that is the end of the connection. */
  #onBadMessage(id: number): void {
    const { stats, streamErrors } = this.#options;
    stats.counters.rx_messaging_error.value++;
    if (!streamErrors) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'no message');
    const stream = this.streams.get(id);
    if (stream === undefined) this.#refuse(id, ErrorCode.PROTOCOL_ERROR);
    else stream.fail(ErrorCode.PROTOCOL_ERROR);
  }

  #refuse(id: number, code: number): void {
    this.floods.onStream();
    this.countReset();
    this.output.reset(id, code);
  }

  #takesUnderscores(): boolean {
    const { underscores, stats } = this.#options;
    if (underscores === 'allow') return true;
    const { list } = this.fields;
    const odd = list.names.filter((name) => name.includes('_'));
    if (odd.length === 0) return true;
    if (underscores === 'reject') {
      stats.counters.requests_rejected_with_underscores_in_headers.value++;
      return false;
    }
    stats.counters.dropped_headers_with_underscores.value += odd.length;
    for (const name of odd) list.remove(name);
    return true;
  }

  protected onGoaway(): void {
    // A client that will not ask again may still wait for its answers.
  }

  protected onPeerStreams(): void {
    // This side begins no streams.
  }

  protected onStreamRemoved(): void {
    if (this.gone || this.streams.size > 0) return;
    this.#owner.onBusy(false);
    if (this.#closes) this.finish();
  }

  protected onBroken(error: ConnectionError): void {
    if (!(error instanceof FloodError)) this.#owner.onProtocolError();
  }

  protected onGone(): void {
    this.#drain.cancel();
    this.#owner.onClosed();
  }
}
