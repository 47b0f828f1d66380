/** What is to be written to a socket until the round ends: heads, bodies and more messages go out as one. */

import type { Socket } from 'node:net';
import { writeTo } from './reading.ts';
import { flushLater } from './turn.ts';
import { Views } from './views.ts';
import { mayWriteNow, writeNow } from './writing.ts';

/** So many bytes wait for the end of the round; more of them go out at once. */
const SLOT = 4 * 1024;
/** Up to here head and body are put into one buffer, which is cheaper than two. */
const JOINED = 16 * 1024;
/** So many slots stay when nothing waits in them. */
const MAX_FREE = 64;

const free: Views[] = [];
/** Where larger messages are put together, for as long as writing takes: mostly all of it leaves at once. */
let scratch: Views | undefined;

export class Outbox {
  readonly #socket: Socket;
  /** What waits: text, or bytes of a slot. */
  #text = '';
  #slot: Views | undefined;
  #length = 0;
  #waits = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Latin-1 text. False when the socket has more than it wants already. */
  text(text: string): boolean {
    if (text === '') return !this.#socket.writableNeedDrain;
    if (this.#slot !== undefined) {
      if (this.#length + text.length <= SLOT) {
        this.#length += this.#slot.bytes.write(text, this.#length, 'latin1');
        return !this.#socket.writableNeedDrain;
      }
      this.flush();
    }
    this.#text += text;
    if (this.#text.length > SLOT) this.flush();
    else this.#later();
    return !this.#socket.writableNeedDrain;
  }

  /** Text, bytes that may be lent, and text. False when the socket has more than it wants already. */
  join(before: string, chunk: Buffer, after: string): boolean {
    const total = before.length + chunk.length + after.length;
    if (this.#text.length + this.#length + total > SLOT) return this.#joinNow(before, chunk, after);
    const slot = (this.#slot ??= this.#takeSlot());
    let length = this.#length;
    if (before !== '') length += slot.bytes.write(before, length, 'latin1');
    slot.bytes.set(chunk, length);
    length += chunk.length;
    if (after !== '') length += slot.bytes.write(after, length, 'latin1');
    this.#length = length;
    this.#later();
    return !this.#socket.writableNeedDrain;
  }

  /** Writes what waits. To be called before anything is done to the socket past this. */
  flush(): void {
    this.#waits = false;
    const text = this.#text;
    const slot = this.#slot;
    const socket = this.#socket;
    if (text !== '') {
      this.#text = '';
      if (mayWriteNow(socket, text.length)) writeNow(socket, text);
      else if (socket.writable) socket.write(text, 'latin1');
    } else if (slot !== undefined) {
      const length = this.#length;
      this.#slot = undefined;
      this.#length = 0;
      let isOver = true;
      if (mayWriteNow(socket, length)) isOver = writeNow(socket, slot.first(length));
      else if (socket.writable) socket.write(Buffer.from(slot.first(length)));
      if (isOver && free.length < MAX_FREE) free.push(slot);
    }
  }

  #later(): void {
    if (this.#waits) return;
    this.#waits = true;
    flushLater(this);
  }

  /** With the text that waits. */
  #takeSlot(): Views {
    const slot = free.pop() ?? new Views(Buffer.allocUnsafeSlow(SLOT));
    if (this.#text !== '') {
      this.#length = slot.bytes.write(this.#text, 0, 'latin1');
      this.#text = '';
    }
    return slot;
  }

  #joinNow(before: string, chunk: Buffer, after: string): boolean {
    if (this.#slot !== undefined) this.flush();
    const first = this.#text + before;
    this.#text = '';
    const socket = this.#socket;
    if (first === '' && after === '') return writeTo(socket, chunk);
    const total = first.length + chunk.length + after.length;
    if (total <= JOINED) return this.#joinSmall(first, chunk, after, total);
    socket.cork();
    if (first !== '') socket.write(first, 'latin1');
    let room = writeTo(socket, chunk);
    if (after !== '') room = socket.write(after, 'latin1');
    socket.uncork();
    return room;
  }

  #joinSmall(before: string, chunk: Buffer, after: string, total: number): boolean {
    const socket = this.#socket;
    // What has to wait for others keeps its bytes.
    const isNow = mayWriteNow(socket, total);
    scratch ??= new Views(Buffer.allocUnsafeSlow(JOINED));
    const whole = isNow ? scratch.first(total) : Buffer.allocUnsafe(total);
    whole.write(before, 0, 'latin1');
    whole.set(chunk, before.length);
    if (after !== '') whole.write(after, before.length + chunk.length, 'latin1');
    if (!isNow) return socket.write(whole);
    if (!writeNow(socket, whole)) scratch = undefined;
    return true;
  }
}
