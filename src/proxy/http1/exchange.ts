/** One request of a connection of HTTP/1.1, as it is answered: how the answer is framed, and when it is whole. */

import type { ResetReason, ResponseWriter } from '../http/codec.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { RequestHead } from './request-head.ts';
import type { Http1ServerConnection } from './server-connection.ts';
import { MessageWriter } from './message-writer.ts';
import {
  CLOSE,
  IN_CHUNKS,
  KEEP_ALIVE,
  NO_LENGTH,
  fieldLines,
  ownLine,
  statusLine,
  trailerLines,
} from './write-head.ts';

const NO_FIELDS = '\r\n';

export class Exchange implements ResponseWriter {
  readonly #connection: Http1ServerConnection;
  /** Undefined for what was no request. */
  readonly #head: RequestHead | undefined;
  readonly #old: boolean;
  readonly #writer: MessageWriter;
  requestDone: boolean;
  responseDone = false;
  /** The connection ends with this exchange. */
  closes: boolean;
  /** It ends as soon as the answer is out; else the client is given time to read it. */
  closesAtOnce = false;
  #closesAfter = false;
  #drains = false;
  headBytes = 0;

  /** `old`: the client speaks HTTP/1.0. */
  constructor(connection: Http1ServerConnection, head: RequestHead | undefined, old: boolean) {
    this.#connection = connection;
    this.#head = head;
    this.#old = old;
    this.#writer = new MessageWriter(connection.outbox, connection.options.sent);
    this.requestDone = head?.end ?? false;
    this.closes = head === undefined || !head.keepAlive;
  }

  inform(status: number, headers: HeaderList): void {
    const { outbox, options } = this.#connection;
    const fields = headers.size === 0 ? '' : fieldLines(headers, options.nameStyle);
    const text = statusLine(this.#old ? '1.0' : '1.1', status, headers.written?.reason) + fields + NO_FIELDS;
    options.sent.value += text.length;
    outbox.text(text);
  }

  closeAfter(): void {
    this.closes = true;
    this.#closesAfter = true;
  }

  drainConnection(): void {
    this.#drains = true;
  }

  head(status: number, headers: HeaderList, end: boolean): void {
    const head = this.#head;
    const old = this.#old;
    const upgraded = status === 101 || (head?.method === 'CONNECT' && status >= 200 && status < 300);
    const { nameStyle } = this.#connection.options;
    let text =
      statusLine(old ? '1.0' : '1.1', status, headers.written?.reason) + fieldLines(headers, nameStyle);
    if (!upgraded) {
      if (!this.requestDone) this.closes = true;
      const framing = this.#framing(status, headers, end, old);
      // Of a client whose request has been read whole, and is known to be its last one, nothing can be on its way.
      const isLast = old || head?.keepAlive === false || this.#closesAfter;
      this.closesAtOnce = this.closes && this.requestDone && isLast;
      if (this.closes || this.#drains) {
        text += ownLine(CLOSE, headers, nameStyle);
        // Access logs tell of it, as of the others.
        headers.append('connection', 'close');
      } else if (old) text += ownLine(KEEP_ALIVE, headers, nameStyle);
      text += framing;
    } else {
      this.closes = true;
      this.closesAtOnce = true;
    }
    text += NO_FIELDS;
    this.headBytes = text.length;
    this.#writer.head(text);
    if (end) this.#done();
  }

  data(chunk: Buffer, end: boolean): boolean {
    const room = this.#writer.data(chunk, end);
    if (end) this.#done();
    return room;
  }

  trailers(trailers: HeaderList): void {
    this.#writer.trailers(this.#connection.options.enableTrailers ? trailerLines(trailers) : '');
    this.#done();
  }

  reset(_reason: ResetReason): void {
    this.closes = true;
    this.#connection.breakOff();
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  /** The field that says where the body ends, when the headers do not. */
  #framing(status: number, headers: HeaderList, end: boolean, old: boolean): string {
    const { nameStyle } = this.#connection.options;
    const isHead = this.#head?.method === 'HEAD';
    const bodiless = isHead || status === 204 || status === 304 || status < 200;
    if (bodiless) this.#writer.bodiless = true;
    if (headers.has('content-length')) return '';
    if (end && !isHead) {
      if (bodiless) return '';
      return ownLine(NO_LENGTH, headers, nameStyle);
    }
    if (status === 204 || status === 304 || status < 200) return '';
    if (old) {
      this.closes = true;
      return '';
    }
    if (!bodiless) this.#writer.chunked = true;
    return ownLine(IN_CHUNKS, headers, nameStyle);
  }

  #done(): void {
    this.responseDone = true;
    this.#connection.onExchangeDone(this);
  }
}
