/** Writes one message to a socket: its head together with what of the body is there by then, and chunks where asked. */

import type { Socket } from 'node:net';
import { writeTo } from '../sockets/reading.ts';
import { flushLater } from '../sockets/turn.ts';
import { Views } from '../sockets/views.ts';
import { mayWriteNow, writeNow } from '../sockets/writing.ts';
import type { Counter } from '../stats/stats.ts';

/** Up to here head and body are put into one buffer, which is cheaper than two. */
const JOINED = 16_384;
/** Where they are put together, for as long as writing takes: mostly all of it leaves at once. */
let scratch = new Views(Buffer.allocUnsafeSlow(2 * JOINED));
const LINE_END = '\r\n';
const LAST_CHUNK = '0\r\n';

export class MessageWriter {
  readonly #socket: Socket;
  readonly #sent: Counter;
  /** A head that waits for the first bytes of its body. */
  #held = '';
  #flushes = false;
  chunked = false;
  /** The body is not written: the message cannot have one. */
  bodiless = false;

  constructor(socket: Socket, sent: Counter) {
    this.#socket = socket;
    this.#sent = sent;
  }

  head(text: string, end: boolean): void {
    this.#sent.value += text.length;
    if (end) {
      this.#write(text);
      return;
    }
    this.#held = text;
    this.#flushes = true;
    // The body mostly comes in the same turn.
    flushLater(this);
  }

  /** Writes a head that no body has come for in this turn. */
  flush(): void {
    if (!this.#flushes) return;
    this.#flushes = false;
    const held = this.#held;
    this.#held = '';
    if (!this.#socket.destroyed) this.#write(held);
  }

  /** False when the socket has more than it wants already. */
  data(chunk: Buffer, end: boolean): boolean {
    const { length } = chunk;
    let before = this.#held;
    this.#held = '';
    this.#flushes = false;
    let after = '';
    const empty = this.bodiless || length === 0;
    if (this.chunked) {
      if (!empty) {
        before += length.toString(16) + LINE_END;
        after = LINE_END;
      }
      if (end) after += LAST_CHUNK + LINE_END;
    }
    const socket = this.#socket;
    this.#sent.value += (empty ? 0 : length) + after.length;
    if (empty) {
      const text = before + after;
      return text === '' ? !socket.writableNeedDrain : this.#write(text);
    }
    if (before === '' && after === '') return writeTo(socket, chunk);
    if (length <= JOINED) return this.#join(before, chunk, after);
    socket.cork();
    if (before !== '') socket.write(before, 'latin1');
    let room = writeTo(socket, chunk);
    if (after !== '') room = socket.write(after, 'latin1');
    socket.uncork();
    return room;
  }

  #join(before: string, chunk: Buffer, after: string): boolean {
    const total = before.length + chunk.length + after.length;
    const socket = this.#socket;
    // What has to wait for others keeps its bytes.
    const isNow = mayWriteNow(socket, total);
    const whole = isNow ? scratch.first(total) : Buffer.allocUnsafe(total);
    whole.write(before, 0, 'latin1');
    whole.set(chunk, before.length);
    if (after !== '') whole.write(after, before.length + chunk.length, 'latin1');
    if (!isNow) return socket.write(whole);
    if (!writeNow(socket, whole)) scratch = new Views(Buffer.allocUnsafeSlow(2 * JOINED));
    return true;
  }

  #write(text: string): boolean {
    if (!mayWriteNow(this.#socket, text.length)) return this.#socket.write(text, 'latin1');
    writeNow(this.#socket, text);
    return true;
  }

  /** The end of a body in chunks. `lines` are trailers as field lines. */
  trailers(lines: string): void {
    const text = this.#held + (this.chunked && !this.bodiless ? LAST_CHUNK + lines + LINE_END : '');
    this.#held = '';
    this.#flushes = false;
    if (text !== '') this.#write(text);
  }
}
