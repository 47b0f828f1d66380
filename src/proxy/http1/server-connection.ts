/** A connection of HTTP/1.1 on which a client asks: requests in, one at a time, and the answers out. */

import type { Socket } from 'node:net';
import type { RequestReceiver, ResponseWriter } from '../http/codec.ts';
import { Deadline, type DeadlineOwner, type Deadlines } from '../http/deadlines.ts';
import { ChunkedDecoder } from './chunked.ts';
import { Exchange } from './exchange.ts';
import { quickEndOfHead } from './fields.ts';
import { HEADERS_TOO_LARGE, MALFORMED, Refusal } from './refusal.ts';
import {
  CHUNKED,
  RAW,
  type RequestHead,
  type RequestHeadOptions,
  parseRequestHead,
  readRequestLine,
} from './request-head.ts';
import type { Counter } from '../stats/stats.ts';
import type { NameStyle } from './name-style.ts';
import { Outbox } from '../sockets/outbox.ts';
import { keep, readFrom } from '../sockets/reading.ts';
import { turnTime } from '../sockets/turn.ts';

export interface ServerOptions extends RequestHeadOptions {
  readonly maxHeadBytes: number;
  readonly nameStyle: NameStyle;
  /** Trailers are handed on, not dropped. */
  readonly enableTrailers: boolean;
  /** Without a request. */
  readonly idle: Deadlines | undefined;
  /** From a request's first byte to the end of its head. */
  readonly head: Deadlines | undefined;
  /** How long the client may read on after an answer that ends the connection. */
  readonly delayedClose: Deadlines | undefined;
  readonly received: Counter;
  readonly sent: Counter;
}

/** Whose connection it is. */
export interface ServerOwner {
  onRequest(head: RequestHead, writer: ResponseWriter): RequestReceiver;
  /** What came is no request. It is answered; the connection closes afterwards. */
  onRefused(refusal: Refusal, writer: ResponseWriter): RequestReceiver;
  onHeadTimeout(writer: ResponseWriter): RequestReceiver;
  onIdleTimeout(): void;
  /** `isActive`: while a request was read or answered. */
  onClosed(isActive: boolean): void;
}

const LF = 10;
const CR = 13;
const SPACE = 32;
const HEAD_WINDOW = 4_096;
/** How much of the next requests is read while one is answered, in bytes. */
const READ_AHEAD = 16_384;
const BLANK_LINE = /\n\r?\n/;

export class Http1ServerConnection implements DeadlineOwner {
  readonly socket: Socket;
  readonly outbox: Outbox;
  readonly options: ServerOptions;
  readonly #owner: ServerOwner;
  readonly #idle: Deadline;
  readonly #timer: Deadline;
  #exchange: Exchange | undefined;
  #receiver: RequestReceiver | undefined;
  /** Bytes that came before their turn. */
  #pending: Buffer | undefined;
  /** Pieces of a head that is not whole yet. */
  #headParts: string[] = [];
  #headBytes = 0;
  /** Its last two characters: where it ends may stand between two pieces. */
  #tail = '';
  #lineSeen = false;
  #decoder: ChunkedDecoder | undefined;
  #left = 0;
  #processing = false;
  /** The next request is not taken up yet. */
  #waits = false;
  #paused = false;
  #hasSpoken = false;
  /** The next request is the last one. */
  #isLast = false;
  /** No further request is read. */
  #closing = false;
  /** The last answer is written. */
  #leaving = false;
  #closed = false;
  /** Bytes that had not left when that was last looked at. */
  #unsent = 0;

  constructor(socket: Socket, options: ServerOptions, owner: ServerOwner) {
    this.socket = socket;
    this.outbox = new Outbox(socket);
    this.options = options;
    this.#owner = owner;
    this.#idle = new Deadline(this);
    this.#timer = new Deadline(this);
    socket.on('end', () => this.#onGone());
    socket.on('error', () => this.#onGone());
    socket.on('close', () => this.#onGone());
    socket.on('drain', () => this.#receiver?.onWritable());
    options.idle?.start(this.#idle, turnTime());
    readFrom(socket, (chunk) => this.#onData(chunk));
  }

  /** Whether anything has come from the client. */
  get hasSpoken(): boolean {
    return this.#hasSpoken;
  }

  /** Ends with the request that is being read or answered; when there is none the client is given time to leave. */
  finish(): void {
    this.#isLast = true;
    if (this.#exchange !== undefined) this.#exchange.closes = true;
    else if (this.#headBytes === 0) this.#leave(false);
  }

  /** The answer cannot be finished: what there is of it goes out, and the end of the connection tells. */
  breakOff(): void {
    if (this.#closed) return;
    this.#leave(false);
    this.outbox.flush();
    this.socket.end();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#goOn();
  }

  /** Takes bytes that were read before the connection was this one. */
  receive(bytes: Buffer): void {
    this.#onData(bytes);
  }

  #onData(chunk: Buffer): void {
    this.#hasSpoken = true;
    this.options.received.value += chunk.length;
    if (this.#closing) return;
    if (this.#pending !== undefined) {
      chunk = Buffer.concat([this.#pending, chunk]);
      if (this.#paused || this.#processing) {
        this.#pending = chunk;
        return;
      }
      if (this.#waits || this.#exchange?.requestDone === true) {
        this.#hold(chunk);
        return;
      }
      this.#pending = undefined;
    }
    this.#process(chunk);
  }

  /** Takes up what had to wait. */
  #goOn(): void {
    if (this.#processing || this.#paused || this.#closed) return;
    const pending = this.#pending;
    if (pending !== undefined) {
      this.#pending = undefined;
      this.#process(pending);
    }
    if (this.#pending === undefined && !this.#paused) this.socket.resume();
  }

  #process(bytes: Buffer): void {
    this.#processing = true;
    let at = 0;
    while (at < bytes.length && !this.#closing) {
      const exchange = this.#exchange;
      if (exchange === undefined) {
        at = this.#readHead(bytes, at);
      } else if (this.#paused || exchange.requestDone) {
        // Either the reader wants no more, or this is the next request, whose turn has not come.
        this.#hold(keep(at === 0 ? bytes : bytes.subarray(at)));
        break;
      } else {
        at = this.#readBody(bytes, at, exchange);
      }
    }
    this.#processing = false;
  }

  /** Keeps what has to wait. While that is little the socket is read on, so that a client that leaves is noticed. */
  #hold(bytes: Buffer): void {
    this.#pending = bytes;
    if (this.#paused || bytes.length >= READ_AHEAD) this.socket.pause();
    else if (this.socket.isPaused()) this.socket.resume();
  }

  /** Reads on in a head; gives back where it stopped. */
  #readHead(bytes: Buffer, from: number): number {
    let at = from;
    if (this.#headBytes === 0) {
      while (bytes[at] === LF || bytes[at] === CR) at++;
      if (at === bytes.length) return at;
      if ((bytes[at] ?? 0) <= SPACE) return this.#refuse(MALFORMED, bytes);
      const text = bytes.toString('latin1', at, Math.min(bytes.length, at + HEAD_WINDOW));
      const end = quickEndOfHead(text);
      if (end > this.options.maxHeadBytes) return this.#refuse(HEADERS_TOO_LARGE, bytes);
      if (end >= 0) return this.#onHead(text.slice(0, end), bytes, at, 0);
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
    const blank = BLANK_LINE.exec(tail + text);
    const before = this.#headBytes;
    if (blank !== null) {
      const size = before - tail.length + blank.index + blank[0].length;
      const whole = this.#headParts.join('').slice(0, size);
      return size > maxHeadBytes
        ? this.#refuse(HEADERS_TOO_LARGE, bytes)
        : this.#onHead(whole, bytes, at, before);
    }
    this.#headBytes += text.length;
    if (this.#headBytes >= maxHeadBytes) return this.#refuse(HEADERS_TOO_LARGE, bytes);
    if (before === 0) {
      this.#idle.cancel();
      this.options.head?.start(this.#timer, turnTime());
    }
    if (!this.#lineSeen && text.includes('\n')) return this.#checkLine(bytes, at, before);
    return bytes.length;
  }

  /** A request line that cannot be is refused before the rest has come; the oldest form is no more than that line. */
  #checkLine(bytes: Buffer, at: number, before: number): number {
    this.#lineSeen = true;
    const whole = this.#headParts.join('');
    this.#headParts = [whole];
    const end = whole.indexOf('\n');
    const line = readRequestLine(whole.slice(0, end).replace(/\r$/, ''), this.options.allowCustomMethods);
    if (line instanceof Refusal) return this.#refuse(line, bytes);
    return line.version === '' ? this.#onHead(whole, bytes, at, before) : bytes.length;
  }

  #onHead(text: string, bytes: Buffer, at: number, before: number): number {
    if (this.#headParts.length > 0) this.#headParts = [];
    this.#headBytes = 0;
    this.#tail = '';
    this.#lineSeen = false;
    this.#timer.cancel();
    const head = parseRequestHead(text, this.options);
    if (head instanceof Refusal) return this.#refuse(head, bytes);
    this.#idle.cancel();
    const { length } = head;
    this.#left = length;
    this.#decoder =
      length === CHUNKED
        ? new ChunkedDecoder({
            maxTrailerBytes: this.options.maxHeadBytes,
            maxHeaders: this.options.enableTrailers ? this.options.maxHeaders : Infinity,
            refusesUnderscores: this.options.enableTrailers && this.options.underscores === 'reject',
          })
        : undefined;
    const exchange = new Exchange(this, head, head.protocol === 'HTTP/1.0');
    if (this.#isLast) exchange.closes = true;
    this.#exchange = exchange;
    const receiver = this.#owner.onRequest(head, exchange);
    // It may be over already: answered at once.
    if (this.#exchange === exchange) this.#receiver = receiver;
    return at + head.headBytes - before;
  }

  #readBody(bytes: Buffer, at: number, exchange: Exchange): number {
    const receiver = this.#receiver;
    const decoder = this.#decoder;
    if (decoder === undefined) {
      if (this.#left === RAW) {
        receiver?.onData(at === 0 ? bytes : bytes.subarray(at), false);
        return bytes.length;
      }
      const end = Math.min(bytes.length, at + this.#left);
      this.#left -= end - at;
      const done = this.#left === 0;
      if (done) exchange.requestDone = true;
      receiver?.onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end), done);
      if (done) this.#afterRequest(exchange);
      return end;
    }
    const parts: Buffer[] = [];
    const stopped = decoder.decode(bytes, at, parts);
    const { done } = decoder;
    const trailers = this.options.enableTrailers ? decoder.trailers : undefined;
    if (done) exchange.requestDone = true;
    // As in Envoy what was read together with a broken chunk is lost with it.
    const isLost = typeof stopped !== 'number' && !decoder.inTrailers;
    if ((parts.length > 0 || (done && trailers === undefined)) && !isLost) {
      const only = parts.length === 1 ? parts[0] : undefined;
      receiver?.onData(only ?? Buffer.concat(parts), done && trailers === undefined);
    }
    if (typeof stopped !== 'number') {
      this.#closing = true;
      if (this.#exchange === exchange) receiver?.onRefused(stopped.status, stopped.details);
      return bytes.length;
    }
    if (done && trailers !== undefined && this.#exchange === exchange) receiver?.onTrailers(trailers);
    if (done) this.#afterRequest(exchange);
    return stopped;
  }

  #afterRequest(exchange: Exchange): void {
    this.#decoder = undefined;
    if (exchange.responseDone && this.#exchange === exchange) this.onExchangeDone(exchange);
  }

  #refuse(refusal: Refusal, bytes: Buffer): number {
    this.#closing = true;
    this.#idle.cancel();
    this.#timer.cancel();
    const exchange = new Exchange(this, undefined, refusal.version === '1.0');
    this.#exchange = exchange;
    const receiver = this.#owner.onRefused(refusal, exchange);
    if (this.#exchange === exchange) this.#receiver = receiver;
    return bytes.length;
  }

  /** The response is written whole. */
  onExchangeDone(exchange: Exchange): void {
    if (this.#exchange !== exchange || this.#closed) return;
    this.#exchange = undefined;
    this.#receiver = undefined;
    if (exchange.closes) {
      // What is answered while it is read may have more behind it.
      this.#leave(exchange.closesAtOnce && !this.#processing);
      return;
    }
    this.options.idle?.start(this.#idle, turnTime());
    if (this.#pending !== undefined || this.#paused) {
      this.#paused = false;
      this.#waits = true;
      // The connection that the answer came on may have ended with it, which is read a turn later: the request that waits is
      // not to go there.
      setImmediate(() =>
        setImmediate(() => {
          this.#waits = false;
          this.#goOn();
        }),
      );
    }
  }

  #leave(atOnce: boolean): void {
    if (this.#closed || this.#leaving) return;
    this.#leaving = true;
    this.#closing = true;
    this.#pending = undefined;
    this.#idle.cancel();
    const { delayedClose } = this.options;
    this.outbox.flush();
    // What the client still sends is read and dropped: closing on it would take the answer away from it.
    if (atOnce || delayedClose === undefined) this.socket.destroySoon();
    else this.socket.resume();
    this.#unsent = unsentBytes(this.socket);
    if (!this.socket.destroyed) delayedClose?.start(this.#timer, turnTime());
  }

  /** The client has had its time to leave: it gets more only as long as it takes what there is for it. */
  #onLeaveTimeout(): void {
    const unsent = unsentBytes(this.socket);
    if (unsent === 0) {
      this.socket.destroySoon();
    } else if (unsent < this.#unsent) {
      this.#unsent = unsent;
      this.options.delayedClose?.start(this.#timer, turnTime());
    } else {
      this.socket.destroy();
    }
  }

  onDeadline(deadline: Deadline): void {
    if (deadline === this.#idle) {
      this.#owner.onIdleTimeout();
      return;
    }
    if (this.#leaving) {
      this.#onLeaveTimeout();
      return;
    }
    if (this.#closing) {
      this.outbox.flush();
      this.socket.destroySoon();
      return;
    }
    this.#closing = true;
    const exchange = new Exchange(this, undefined, false);
    this.#exchange = exchange;
    const receiver = this.#owner.onHeadTimeout(exchange);
    if (this.#exchange === exchange) this.#receiver = receiver;
  }

  #onGone(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closing = true;
    this.#idle.cancel();
    this.#timer.cancel();
    const receiver = this.#receiver;
    const isActive = this.#exchange !== undefined;
    this.#receiver = undefined;
    this.#exchange = undefined;
    this.#pending = undefined;
    receiver?.onReset('connection-termination', '');
    this.outbox.flush();
    this.socket.destroySoon();
    this.#owner.onClosed(isActive);
  }
}

/** What waits in this process, and in the kernel's way to it. */
function unsentBytes(socket: Socket): number {
  const handle = Reflect.get(socket, '_handle') as { readonly writeQueueSize?: number } | null | undefined;
  return socket.writableLength + (handle?.writeQueueSize ?? 0);
}
