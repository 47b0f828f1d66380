/** A connection of HTTP/2 to a server behind the proxy, for many requests at once. */

import type { Socket } from 'node:net';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
  connect,
  constants,
} from 'node:http2';
import type { OutgoingRequest, RequestWriter, ResetReason, ResponseReceiver } from '../http/codec.ts';
import type { HeaderList } from '../http/header-list.ts';
import { addFields, listOf, pseudo } from './header-fields.ts';

export interface Http2ClientOptions {
  readonly maxConcurrentStreams: number;
  readonly initialStreamWindow: number;
  readonly initialConnectionWindow: number;
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
}

export interface Http2ClientOwner {
  /** There is room for a further request. */
  onRoom(session: Http2ClientConnection): void;
  /** The server wants no further requests, or the connection is gone. */
  onRetired(session: Http2ClientConnection): void;
  onClosed(session: Http2ClientConnection): void;
}

const NO_BYTES = Buffer.alloc(0);
const END_STREAM = 1;

export class Http2ClientConnection {
  readonly #session: ClientHttp2Session;
  readonly #owner: Http2ClientOwner;
  readonly #most: number;
  readonly localAddress: string;
  #streams = 0;
  #closed = false;
  retired = false;
  requests = 0;

  constructor(socket: Socket, options: Http2ClientOptions, owner: Http2ClientOwner) {
    this.#owner = owner;
    this.#most = options.maxConcurrentStreams;
    const { localAddress = '', localPort = 0 } = socket;
    this.localAddress = localAddress.includes(':')
      ? `[${localAddress}]:${localPort}`
      : `${localAddress}:${localPort}`;
    // A server that says no more has nothing to listen with either, whatever its streams still wait for.
    socket.allowHalfOpen = false;
    const session = connect('http://upstream', {
      createConnection: () => socket,
      maxHeaderListPairs: options.maxHeaders + 8,
      settings: {
        enablePush: false,
        initialWindowSize: options.initialStreamWindow,
        maxHeaderListSize: options.maxHeadBytes,
      },
    });
    this.#session = session;
    session.once('connect', () => {
      if (!session.destroyed) session.setLocalWindowSize(options.initialConnectionWindow);
    });
    session.on('error', () => undefined);
    session.on('goaway', () => this.retire());
    session.on('remoteSettings', () => {
      if (!this.retired && this.hasRoom) owner.onRoom(this);
    });
    session.once('close', () => this.#onClosed());
    socket.once('close', () => this.#onClosed());
  }

  get hasRoom(): boolean {
    const told = this.#session.remoteSettings?.maxConcurrentStreams ?? this.#most;
    return !this.retired && !this.#closed && this.#streams < Math.min(this.#most, told);
  }

  get idle(): boolean {
    return this.#streams === 0;
  }

  start(receiver: ResponseReceiver): RequestWriter {
    this.#streams++;
    this.requests++;
    return new ClientStream(this.#session, this, receiver);
  }

  onStreamClosed(): void {
    this.#streams--;
    if (this.retired) this.#closeWhenIdle();
    else if (this.hasRoom) this.#owner.onRoom(this);
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
    if (this.#streams === 0 && !this.#session.destroyed) this.#session.close();
  }

  #onClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.retired) {
      this.retired = true;
      this.#owner.onRetired(this);
    }
    if (!this.#session.destroyed) this.#session.destroy();
    this.#owner.onClosed(this);
  }
}

class ClientStream implements RequestWriter {
  readonly protocol = 'HTTP/2';
  readonly localAddress: string;
  readonly #session: ClientHttp2Session;
  readonly #connection: Http2ClientConnection;
  readonly #receiver: ResponseReceiver;
  #stream: ClientHttp2Stream | undefined;
  #trailers: HeaderList | undefined;
  #responseTrailers: HeaderList | undefined;
  #upgrade = '';
  #started = false;
  #done = false;
  #closed = false;

  constructor(session: ClientHttp2Session, connection: Http2ClientConnection, receiver: ResponseReceiver) {
    this.#session = session;
    this.#connection = connection;
    this.#receiver = receiver;
    this.localAddress = connection.localAddress;
  }

  head(request: OutgoingRequest, end: boolean): void {
    const { method, authority, path, scheme, headers, upgrade } = request;
    this.#upgrade = upgrade;
    const fields: OutgoingHttpHeaders = { ':method': method, ':authority': authority };
    if (upgrade !== 'CONNECT') {
      fields[':scheme'] = scheme;
      fields[':path'] = path;
    }
    if (upgrade !== '' && upgrade !== 'CONNECT') {
      fields[':method'] = 'CONNECT';
      fields[':protocol'] = upgrade;
    }
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(addFields(fields, headers), { endStream: end, waitForTrailers: !end });
    } catch {
      // The connection went between being chosen and being used.
      this.#close();
      this.#receiver.onReset('connection-termination', '');
      return;
    }
    this.#stream = stream;
    stream.on('wantTrailers', () => stream.sendTrailers(addFields({}, this.#trailers ?? NO_FIELDS)));
    stream.on('headers', (_: unknown, _flags: number, raw: readonly string[]) => {
      this.#receiver.onInformation(Number(pseudo(raw, ':status') ?? 0), listOf(raw));
    });
    stream.on('response', (_: unknown, flags: number, raw: readonly string[]) =>
      this.#onResponse(flags, raw),
    );
    stream.on('trailers', (_: unknown, _flags: number, raw: readonly string[]) => {
      this.#responseTrailers = listOf(raw);
    });
    stream.on('data', (chunk: Buffer) => {
      if (!this.#done) this.#receiver.onData(chunk, false);
    });
    stream.once('end', () => this.#onEnd());
    stream.on('drain', () => this.#receiver.onWritable());
    stream.on('error', () => undefined);
    stream.once('close', () => this.#onClose());
  }

  data(chunk: Buffer, end: boolean): boolean {
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed || stream.writableEnded) return true;
    if (!end) return stream.write(chunk);
    if (chunk.length === 0) stream.end();
    else stream.end(chunk);
    return true;
  }

  trailers(trailers: HeaderList): void {
    this.#trailers = trailers;
    const stream = this.#stream;
    if (stream !== undefined && !stream.destroyed && !stream.writableEnded) stream.end();
  }

  reset(): void {
    this.#done = true;
    const stream = this.#stream;
    if (stream === undefined) this.#close();
    else if (!stream.destroyed) stream.close(constants.NGHTTP2_CANCEL);
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  #onResponse(flags: number, raw: readonly string[]): void {
    if (this.#done) return;
    this.#started = true;
    const status = Number(pseudo(raw, ':status') ?? 0);
    const end = (flags & END_STREAM) !== 0;
    const headers = listOf(raw);
    const upgraded = this.#upgrade !== '' && this.#upgrade !== 'CONNECT' && status >= 200 && status < 300;
    if (upgraded) {
      headers.append('connection', 'upgrade');
      headers.append('upgrade', this.#upgrade);
    }
    if (end) this.#done = true;
    this.#receiver.onHead(upgraded ? 101 : status, headers, end);
  }

  #onEnd(): void {
    if (this.#done || !this.#started) return;
    // A stream that was reset ends too; its close tells why.
    const code = this.#stream?.rstCode ?? constants.NGHTTP2_NO_ERROR;
    if (code !== constants.NGHTTP2_NO_ERROR || this.#stream?.aborted === true) return;
    this.#done = true;
    const trailers = this.#responseTrailers;
    if (trailers !== undefined && trailers.size > 0) this.#receiver.onTrailers(trailers);
    else this.#receiver.onData(NO_BYTES, true);
  }

  #onClose(): void {
    this.#close();
    if (this.#done) return;
    this.#done = true;
    this.#receiver.onReset(reasonOf(this.#stream, this.#session), '');
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.onStreamClosed();
  }
}

function reasonOf(stream: ClientHttp2Stream | undefined, session: ClientHttp2Session): ResetReason {
  const code = stream?.rstCode ?? constants.NGHTTP2_NO_ERROR;
  switch (code) {
    case constants.NGHTTP2_REFUSED_STREAM:
      return 'remote-refused';
    case constants.NGHTTP2_NO_ERROR:
      return session.destroyed || session.closed ? 'connection-termination' : 'remote-reset';
    case constants.NGHTTP2_CANCEL:
      return session.destroyed ? 'connection-termination' : 'remote-reset';
    case constants.NGHTTP2_PROTOCOL_ERROR:
      return 'protocol-error';
    default:
      return 'remote-reset';
  }
}

const NO_FIELDS = listOf([]);
