/** A connection of HTTP/1.1 to a server behind the proxy: one request at a time, again and again. */

import type { Socket } from 'node:net';
import type { OutgoingRequest, RequestWriter, ResponseReceiver } from '../http/codec.ts';
import type { HeaderList } from '../http/header-list.ts';
import { RESPONSE_TRAILER_SINGLES } from '../http/single-headers.ts';
import type { Counter } from '../stats/stats.ts';
import { ChunkedDecoder } from './chunked.ts';
import { quickEndOfHead } from './fields.ts';
import { MessageWriter } from './message-writer.ts';
import { CUT, HEADERS_TOO_LARGE, MALFORMED, Refusal } from './refusal.ts';
import { CHUNKED, RAW, UNTIL_CLOSE } from './request-head.ts';
import { type ResponseHeadOptions, parseResponseHead } from './response-head.ts';
import { type NameStyle, styledName } from './name-style.ts';
import { IN_CHUNKS, NO_LENGTH, fieldLines, ownLine, trailerLines } from './write-head.ts';
import { Outbox } from '../sockets/outbox.ts';
import { readFrom } from '../sockets/reading.ts';

export interface ClientOptions extends ResponseHeadOptions {
  readonly maxHeadBytes: number;
  readonly nameStyle: NameStyle;
  readonly enableTrailers: boolean;
  /** Answers that say that the connection ends with them. */
  readonly closeNotices: Counter;
  readonly received: Counter;
  readonly sent: Counter;
}

/** Whose connection it is. */
export interface ClientOwner {
  /** The exchange is over and the connection can take the next. */
  onIdle(connection: Http1ClientConnection): void;
  /** The connection is gone. */
  onClosed(connection: Http1ClientConnection): void;
}

const NO_BYTES = Buffer.alloc(0);
const BLANK_LINE = /\n\r?\n/;
const HEAD_WINDOW = 4_096;
/** By how many bytes a head may be longer than the one before it to be read at once. */
const BEYOND = 64;
const SPACE = 32;
const HOST: Readonly<Record<NameStyle, string>> = { lower: 'host', proper: styledName('host', 'proper') };

/** Methods whose requests mostly have no body: nothing is said of one that is not there. */
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'TRACE', 'CONNECT']);

export class Http1ClientConnection {
  readonly socket: Socket;
  readonly outbox: Outbox;
  readonly options: ClientOptions;
  readonly localAddress: string;
  readonly #owner: ClientOwner;
  #stream: ClientStream | undefined;
  #headParts: string[] = [];
  #headBytes = 0;
  /** Its last two characters: where it ends may stand between two pieces. */
  #tail = '';
  #decoder: ChunkedDecoder | undefined;
  /** Where the next head is looked for: heads of one server are about as long as each other. */
  #window = HEAD_WINDOW;
  #left = 0;
  #reading = false;
  #reusable = true;
  #closed = false;
  /** It ended with a request on it that was not answered whole. */
  cutShort = false;
  /** Requests that it has carried. */
  requests = 0;

  /** The socket is connected. */
  constructor(socket: Socket, options: ClientOptions, owner: ClientOwner) {
    this.socket = socket;
    this.outbox = new Outbox(socket);
    this.options = options;
    this.#owner = owner;
    const { localAddress = '', localPort = 0 } = socket;
    this.localAddress = localAddress.includes(':')
      ? `[${localAddress}]:${localPort}`
      : `${localAddress}:${localPort}`;
    socket.on('end', () => this.#onEnd());
    socket.on('error', () => this.#onGone());
    socket.on('close', () => this.#onGone());
    socket.on('drain', () => this.#stream?.receiver.onWritable());
    readFrom(socket, (chunk) => this.#onData(chunk));
  }

  get closed(): boolean {
    return this.#closed;
  }

  get busy(): boolean {
    return this.#stream !== undefined;
  }

  start(receiver: ResponseReceiver): RequestWriter {
    const stream = new ClientStream(this, receiver);
    this.#stream = stream;
    this.requests++;
    return stream;
  }

  /** No further request is put on it. */
  retire(): void {
    this.#reusable = false;
    if (this.#stream === undefined) this.leave();
  }

  /** The stream gives up: the bytes that are on their way belong to nobody. */
  abandon(stream: ClientStream): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.#reusable = false;
    this.cutShort = !stream.responseDone;
    this.socket.destroy();
    this.#onGone();
  }

  #onData(chunk: Buffer): void {
    this.options.received.value += chunk.length;
    let at = 0;
    while (at < chunk.length && !this.#closed) {
      const stream = this.#stream;
      if (stream === undefined || stream.responseDone) {
        // Nobody has asked for this.
        this.#reusable = false;
        this.socket.destroy();
        this.#onGone();
        return;
      }
      at = this.#reading ? this.#readBody(chunk, at, stream) : this.#readHead(chunk, at, stream);
    }
  }

  #readHead(bytes: Buffer, at: number, stream: ClientStream): number {
    if (this.#headBytes === 0) {
      // Unlike requests answers have nothing ahead of them, not even a line's end.
      if ((bytes[at] ?? 0) <= SPACE) return this.#fail(MALFORMED, bytes);
      const text = bytes.toString('latin1', at, Math.min(bytes.length, at + this.#window));
      const end = quickEndOfHead(text);
      if (end >= 0) {
        this.#window = Math.min(HEAD_WINDOW, end + BEYOND);
        return this.#onHead(text.slice(0, end), bytes, at, 0, stream);
      }
      this.#window = HEAD_WINDOW;
    }
    const { maxHeadBytes } = this.options;
    const text = bytes.toString(
      'latin1',
      at,
      Math.min(bytes.length, at + maxHeadBytes + 1 - this.#headBytes),
    );
    const tail = this.#tail;
    this.#tail = (tail + text).slice(-2);
    this.#headParts.push(text);
    const before = this.#headBytes;
    const blank = BLANK_LINE.exec(tail + text);
    this.#headBytes += text.length;
    const size = blank === null ? this.#headBytes : before - tail.length + blank.index + blank[0].length;
    if (size > maxHeadBytes) return this.#fail(HEADERS_TOO_LARGE, bytes);
    if (blank === null) return bytes.length;
    const whole = this.#headParts.join('').slice(0, size);
    return this.#onHead(whole, bytes, at, before, stream);
  }

  #onHead(text: string, bytes: Buffer, at: number, before: number, stream: ClientStream): number {
    if (this.#headParts.length > 0) this.#headParts = [];
    this.#headBytes = 0;
    this.#tail = '';
    const head = parseResponseHead(text, stream.method, this.options);
    if (head instanceof Refusal) return this.#fail(head, bytes);
    const stopped = at + head.headBytes - before;
    const { status, headers } = head;
    const upgraded =
      stream.upgrade !== '' &&
      (stream.upgrade === 'CONNECT' ? status >= 200 && status < 300 : status === 101);
    if (status === 101 && !upgraded) return this.#fail(MALFORMED, bytes);
    if (status < 200 && !upgraded) {
      stream.receiver.onInformation(status, headers);
      return stopped;
    }
    if (!head.keepAlive) this.options.closeNotices.value++;
    if (!head.keepAlive || head.length === UNTIL_CLOSE || upgraded) this.#reusable = false;
    this.#left = upgraded ? RAW : head.length;
    this.#reading = this.#left !== 0;
    this.#decoder =
      this.#left === CHUNKED
        ? new ChunkedDecoder({
            maxTrailerBytes: this.options.maxHeadBytes,
            maxHeaders: this.options.enableTrailers ? this.options.maxHeaders : Infinity,
            singleTrailers: RESPONSE_TRAILER_SINGLES,
          })
        : undefined;
    const end = this.#left === 0;
    if (end) {
      stream.responseDone = true;
      this.#expectNoMore(bytes, stopped);
    }
    stream.receiver.onHead(status, headers, end);
    if (end) this.#afterResponse(stream);
    return stopped;
  }

  #readBody(bytes: Buffer, at: number, stream: ClientStream): number {
    const decoder = this.#decoder;
    const { receiver } = stream;
    if (decoder === undefined) {
      if (this.#left < 0) {
        receiver.onData(at === 0 ? bytes : bytes.subarray(at), false);
        return bytes.length;
      }
      const end = Math.min(bytes.length, at + this.#left);
      this.#left -= end - at;
      const done = this.#left === 0;
      if (done) {
        stream.responseDone = true;
        this.#expectNoMore(bytes, end);
      }
      receiver.onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end), done);
      if (done) this.#afterResponse(stream);
      return end;
    }
    const parts: Buffer[] = [];
    const stopped = decoder.decode(bytes, at, parts);
    const { done } = decoder;
    const trailers = this.options.enableTrailers ? decoder.trailers : undefined;
    const last = done && trailers === undefined;
    if (done) {
      stream.responseDone = true;
      this.#expectNoMore(bytes, typeof stopped === 'number' ? stopped : bytes.length);
    }
    // As in Envoy what was read together with a broken chunk is lost with it.
    const isLost = typeof stopped !== 'number' && !decoder.inTrailers;
    if ((parts.length > 0 || last) && !isLost) {
      const only = parts.length === 1 ? parts[0] : undefined;
      receiver.onData(only ?? Buffer.concat(parts), last);
    }
    if (typeof stopped !== 'number') return this.#fail(stopped, bytes);
    if (done && trailers !== undefined) receiver.onTrailers(trailers);
    if (done) this.#afterResponse(stream);
    return stopped;
  }

  /** What follows an answer in the same bytes is no answer to anybody: the connection carries no further request. */
  #expectNoMore(bytes: Buffer, at: number): void {
    if (at < bytes.length) this.#reusable = false;
  }

  /** Called for each end, that of the request and that of the response: with both the connection is free. */
  onDone(stream: ClientStream): void {
    if (this.#stream !== stream || !stream.requestDone || !stream.responseDone) return;
    this.#stream = undefined;
    if (this.#closed) return;
    if (this.socket.isPaused()) this.socket.resume();
    if (this.#reusable) this.#owner.onIdle(this);
    else this.leave();
  }

  #afterResponse(stream: ClientStream): void {
    this.#decoder = undefined;
    this.#reading = false;
    if (this.#stream !== stream) return;
    // A server that answers before it has heard all wants no more: what is left of the request goes nowhere.
    if (!stream.requestDone) {
      this.#stream = undefined;
      this.#reusable = false;
      this.leave();
      return;
    }
    this.onDone(stream);
  }

  /** Ends once all is written. */
  leave(): void {
    this.outbox.flush();
    this.socket.destroySoon();
  }

  #fail(refusal: Refusal, bytes: Buffer): number {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#reusable = false;
    this.cutShort = stream !== undefined;
    this.socket.destroy();
    stream?.receiver.onReset('protocol-error', refusal.details);
    this.#onGone();
    return bytes.length;
  }

  #onEnd(): void {
    const stream = this.#stream;
    if (stream !== undefined && this.#reading && this.#left === UNTIL_CLOSE) {
      stream.responseDone = true;
      this.#reading = false;
      stream.receiver.onData(NO_BYTES, true);
      this.#afterResponse(stream);
    } else if (stream !== undefined && this.#headBytes > 0) {
      this.#fail(MALFORMED, NO_BYTES);
    } else if (stream !== undefined && this.#reading && this.#left !== RAW) {
      this.#fail(CUT, NO_BYTES);
    }
    this.#onGone();
  }

  #onGone(): void {
    if (this.#closed) return;
    this.#closed = true;
    const stream = this.#stream;
    this.#stream = undefined;
    this.cutShort ||= stream?.responseDone === false;
    this.socket.destroy();
    this.#owner.onClosed(this);
    if (stream !== undefined && !stream.responseDone) stream.receiver.onReset('connection-termination', '');
  }
}

class ClientStream implements RequestWriter {
  readonly protocol = 'HTTP/1.1';
  readonly receiver: ResponseReceiver;
  readonly #connection: Http1ClientConnection;
  readonly #writer: MessageWriter;
  method = '';
  upgrade = '';
  /** The end of the request can only be told by closing the connection. */
  #closes = false;
  requestDone = false;
  responseDone = false;

  constructor(connection: Http1ClientConnection, receiver: ResponseReceiver) {
    this.#connection = connection;
    this.receiver = receiver;
    this.#writer = new MessageWriter(connection.outbox, connection.options.sent);
  }

  get localAddress(): string {
    return this.#connection.localAddress;
  }

  get socket(): Socket {
    return this.#connection.socket;
  }

  head(request: OutgoingRequest, end: boolean): void {
    const { method, authority, headers, upgrade } = request;
    this.method = method;
    this.upgrade = upgrade;
    this.#closes = upgrade === 'CONNECT' || request.tunnels === true;
    const { nameStyle } = this.#connection.options;
    const host = headers.written?.format('host') ?? HOST[nameStyle];
    const target = method === 'CONNECT' ? authority : request.path;
    let text = `${method} ${target} HTTP/1.1\r\n${host}: ${authority}\r\n`;
    text += fieldLines(headers, nameStyle);
    if (upgrade === '' && !headers.has('content-length')) {
      if (!end) {
        this.#writer.chunked = true;
        text += ownLine(IN_CHUNKS, headers, nameStyle);
      } else if (!BODILESS.has(method)) {
        text += ownLine(NO_LENGTH, headers, nameStyle);
      }
    }
    text += '\r\n';
    if (end) this.requestDone = true;
    this.#writer.head(text);
  }

  data(chunk: Buffer, end: boolean): boolean {
    if (this.#connection.closed || this.requestDone) return true;
    if (end) this.requestDone = true;
    const room = this.#writer.data(chunk, end);
    if (end) this.#onEnd();
    return room;
  }

  trailers(trailers: HeaderList): void {
    if (this.#connection.closed || this.requestDone) return;
    this.requestDone = true;
    this.#writer.trailers(this.#connection.options.enableTrailers ? trailerLines(trailers) : '');
    this.#onEnd();
  }

  #onEnd(): void {
    this.#connection.onDone(this);
    if (this.#closes) this.#connection.leave();
  }

  reset(): void {
    this.#connection.abandon(this);
  }

  pause(): void {
    this.#connection.socket.pause();
  }

  resume(): void {
    this.#connection.socket.resume();
  }
}
