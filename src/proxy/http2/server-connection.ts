/** A connection of HTTP/2 on which a client asks: many requests at once. */

import type { Socket } from 'node:net';
import {
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  constants,
  performServerHandshake,
} from 'node:http2';
import type { IncomingRequest, RequestReceiver, ResetReason, ResponseWriter } from '../http/codec.ts';
import type { HeaderList } from '../http/header-list.ts';
import { addFields, bytesOf, listOf, pseudo } from './header-fields.ts';

export interface Http2ServerOptions {
  readonly maxConcurrentStreams: number;
  readonly initialStreamWindow: number;
  readonly initialConnectionWindow: number;
  readonly allowConnect: boolean;
  readonly maxHeaderTableSize: number;
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  /** What becomes of headers with an underscore in their names. */
  readonly underscores: 'allow' | 'reject' | 'drop';
}

export interface Http2ServerOwner {
  onRequest(request: IncomingRequest, writer: ResponseWriter): RequestReceiver;
  /** A request was reset for its headers. */
  onRejected(): void;
  /** A stream has begun where there was none, or the last one is over. */
  onBusy(busy: boolean): void;
  onClosed(): void;
}

const NO_BYTES = Buffer.alloc(0);
const END_STREAM = 1;

/** Beyond these many resets of a client in a short time the connection ends (CVE-2023-44487). */
const RESETS = { streamResetBurst: 1_000, streamResetRate: 100 };

export class Http2ServerConnection {
  readonly #session: ServerHttp2Session;
  readonly #owner: Http2ServerOwner;
  readonly #options: Http2ServerOptions;
  #streams = 0;
  #closed = false;

  constructor(socket: Socket, options: Http2ServerOptions, owner: Http2ServerOwner) {
    this.#owner = owner;
    this.#options = options;
    const session = performServerHandshake(socket, {
      ...RESETS,
      maxHeaderListPairs: options.maxHeaders + 8,
      maxDeflateDynamicTableSize: options.maxHeaderTableSize,
      settings: {
        headerTableSize: options.maxHeaderTableSize,
        maxConcurrentStreams: options.maxConcurrentStreams,
        initialWindowSize: options.initialStreamWindow,
        enableConnectProtocol: options.allowConnect,
        maxHeaderListSize: options.maxHeadBytes,
      },
    });
    this.#session = session;
    session.setLocalWindowSize(options.initialConnectionWindow);
    session.on('stream', (stream, _headers, flags, raw: readonly string[]) =>
      this.#onStream(stream, flags, raw),
    );
    session.on('error', () => undefined);
    session.on('sessionError', () => undefined);
    session.once('close', () => this.#onClosed());
    socket.once('close', () => this.#onClosed());
  }

  get idle(): boolean {
    return this.#streams === 0;
  }

  /** Tells the client to come no more, and ends once the last request is answered. */
  drain(): void {
    if (!this.#closed && !this.#session.closed) this.#session.close();
  }

  #onStream(stream: ServerHttp2Stream, flags: number, raw: readonly string[]): void {
    if (this.#streams++ === 0) this.#owner.onBusy(true);
    stream.once('close', () => {
      if (--this.#streams === 0) this.#owner.onBusy(false);
    });
    const headers = listOf(raw);
    if (!this.#takes(headers, raw.length / 2)) {
      stream.on('error', () => undefined);
      stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
      this.#owner.onRejected();
      return;
    }
    const method = pseudo(raw, ':method') ?? '';
    const protocol = pseudo(raw, ':protocol') ?? '';
    const authority = pseudo(raw, ':authority') ?? headers.get('host');
    headers.remove('host');
    const upgrade = protocol === '' ? (method === 'CONNECT' ? 'CONNECT' : '') : protocol;
    if (protocol !== '') {
      // Behind the proxy it is what HTTP/1.1 calls an upgrade.
      headers.append('connection', 'upgrade');
      headers.append('upgrade', protocol);
    }
    const end = (flags & END_STREAM) !== 0 || stream.endAfterHeaders;
    new ServerStream(stream, this.#owner, {
      method: protocol === '' ? method : 'GET',
      authority: authority ?? '',
      path: pseudo(raw, ':path') ?? '',
      scheme: pseudo(raw, ':scheme') ?? '',
      protocol: 'HTTP/2',
      headers,
      hasAuthority: authority !== undefined,
      upgrade,
      expectsContinue: headers.get('expect')?.toLowerCase() === '100-continue',
      end: end && upgrade === '',
      headBytes: bytesOf(raw),
    }).begin();
  }

  /** Whether the request may have these headers; those that are to be dropped go. */
  #takes(headers: HeaderList, count: number): boolean {
    const { maxHeaders, underscores } = this.#options;
    if (count > maxHeaders) return false;
    if (underscores === 'allow') return true;
    const odd = headers.names.filter((name) => name.includes('_'));
    if (underscores === 'drop') for (const name of odd) headers.remove(name);
    return underscores === 'drop' || odd.length === 0;
  }

  #onClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#owner.onClosed();
  }
}

class ServerStream implements ResponseWriter {
  readonly #stream: ServerHttp2Stream;
  readonly #owner: Http2ServerOwner;
  readonly #request: IncomingRequest;
  #receiver: RequestReceiver | undefined;
  #requestDone: boolean;
  #responseDone = false;
  #requestTrailers: HeaderList | undefined;
  #trailers: HeaderList | undefined;
  #waits = false;
  headBytes = 0;

  constructor(stream: ServerHttp2Stream, owner: Http2ServerOwner, request: IncomingRequest) {
    this.#stream = stream;
    this.#owner = owner;
    this.#request = request;
    this.#requestDone = request.end;
    stream.on('error', () => undefined);
    stream.once('close', () => this.#onClose());
    stream.on('drain', () => this.#receiver?.onWritable());
    stream.on('wantTrailers', () => stream.sendTrailers(addFields({}, this.#trailers ?? NO_FIELDS)));
  }

  begin(): void {
    const stream = this.#stream;
    if (!this.#requestDone) {
      stream.on('trailers', (_headers: unknown, _flags: number, raw: readonly string[]) => {
        this.#requestTrailers = listOf(raw);
      });
      stream.on('data', (chunk: Buffer) => this.#receiver?.onData(chunk, false));
      stream.once('end', () => this.#onRequestEnd());
    } else {
      stream.resume();
    }
    const receiver = this.#owner.onRequest(this.#request, this);
    if (!this.#responseDone) this.#receiver = receiver;
  }

  inform(status: number, headers: HeaderList): void {
    if (this.#stream.headersSent || this.#stream.destroyed) return;
    this.#stream.additionalHeaders(addFields({ ':status': status }, headers));
  }

  head(status: number, headers: HeaderList, end: boolean): void {
    const stream = this.#stream;
    if (stream.destroyed) return;
    // What answers an upgrade of HTTP/1.1 is a success here.
    const shown = status === 101 ? 200 : status;
    const fields: OutgoingHttpHeaders = addFields({ ':status': shown }, headers);
    for (const [name, value] of headers.entries()) this.headBytes += name.length + value.length;
    this.#waits =
      !end &&
      (!headers.has('content-length') ||
        headers.get('content-type')?.startsWith('application/grpc') === true);
    const bodiless = this.#request.method === 'HEAD' || status === 204 || status === 304;
    stream.respond(fields, { endStream: end || bodiless, waitForTrailers: this.#waits && !bodiless });
    if (end) this.#done();
  }

  data(chunk: Buffer, end: boolean): boolean {
    const stream = this.#stream;
    if (stream.destroyed || stream.writableEnded) {
      if (end) this.#done();
      return true;
    }
    if (!end) return stream.write(chunk);
    if (chunk.length === 0) stream.end();
    else stream.end(chunk);
    this.#done();
    return true;
  }

  trailers(trailers: HeaderList): void {
    // Without an announcement they have no place.
    if (this.#waits) this.#trailers = trailers;
    if (!this.#stream.destroyed && !this.#stream.writableEnded) this.#stream.end();
    this.#done();
  }

  reset(reason: ResetReason): void {
    this.#receiver = undefined;
    this.#responseDone = true;
    if (!this.#stream.destroyed) {
      this.#stream.close(
        reason === 'protocol-error' ? constants.NGHTTP2_PROTOCOL_ERROR : constants.NGHTTP2_INTERNAL_ERROR,
      );
    }
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  closeAfter(): void {
    // One answer does not end a connection that others use.
  }

  drainConnection(): void {
    const { session } = this.#stream;
    if (session !== undefined && !session.closed) session.close();
  }

  #onRequestEnd(): void {
    if (this.#requestDone) return;
    this.#requestDone = true;
    const trailers = this.#requestTrailers;
    if (trailers !== undefined && trailers.size > 0) this.#receiver?.onTrailers(trailers);
    else this.#receiver?.onData(NO_BYTES, true);
  }

  /** The answer is whole; what the client still sends is not wanted. */
  #done(): void {
    this.#responseDone = true;
    this.#receiver = undefined;
    const stream = this.#stream;
    if (this.#requestDone || stream.destroyed) return;
    stream.removeAllListeners('data');
    stream.resume();
    stream.once('finish', () => {
      if (!stream.destroyed && !this.#requestDone) stream.close(constants.NGHTTP2_NO_ERROR);
    });
  }

  #onClose(): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (this.#responseDone) return;
    this.#responseDone = true;
    const { session, rstCode } = this.#stream;
    const gone = session === undefined || session.destroyed || rstCode === undefined;
    receiver?.onReset(gone ? 'connection-termination' : 'remote-reset', '');
  }
}

const NO_FIELDS = listOf([]);
