/** Writes frames to a socket: all that a turn of the event loop brings forth leaves together. */

import type { Socket } from 'node:net';
import type { Counter } from '../stats/stats.ts';
import type { FloodGuard } from './flood-guard.ts';
import { FRAME_HEAD, Flag, FrameType, MAX_FRAME_SIZE } from './frames.ts';
import { flushLater } from '../sockets/turn.ts';

export interface OutputOwner {
  /** What was held back may go on. */
  onRoom(): void;
  /** More waits than a peer that reads would leave waiting. */
  onOverflow(): void;
}

/** Room for four large frames. */
const BLOCK = 4 * (FRAME_HEAD + MAX_FRAME_SIZE);
/** A block that is less full than that and has to wait is copied, so that waiting bytes hold no more than themselves. */
const WORTH_A_BLOCK = BLOCK / 2;
const MAX_FREE = 32;

/** Blocks that nobody writes to; shared by all connections, as few fill one at the same time. */
const free: Buffer[] = [];

export class Output {
  readonly #socket: Socket;
  readonly #sent: Counter;
  readonly #floods: FloodGuard;
  readonly #owner: OutputOwner;
  #block: Buffer | undefined;
  #length = 0;
  /** Bytes since the last turn. */
  #pending = 0;
  #scheduled = false;
  #wasFull = false;

  constructor(socket: Socket, sent: Counter, floods: FloodGuard, owner: OutputOwner) {
    this.#socket = socket;
    this.#sent = sent;
    this.#floods = floods;
    this.#owner = owner;
    socket.on('drain', () => this.#onDrain());
  }

  /** Bodies should wait. */
  get full(): boolean {
    if (this.#pending < BLOCK && !this.#socket.writableNeedDrain) return false;
    this.#wasFull = true;
    return true;
  }

  raw(bytes: Buffer): void {
    const at = this.#reserve(bytes.length);
    bytes.copy(this.#block as Buffer, at);
  }

  data(stream: number, chunk: Buffer, from: number, to: number, end: boolean): void {
    const length = to - from;
    const at = this.#frame(length, FrameType.DATA, end ? Flag.END_STREAM : 0, stream);
    chunk.copy(this.#block as Buffer, at, from, to);
    this.#floods.onSent(false, true);
  }

  headers(stream: number, block: Buffer, end: boolean): void {
    let type: number = FrameType.HEADERS;
    let flags = end ? Flag.END_STREAM : 0;
    for (let from = 0; ; from += MAX_FRAME_SIZE, type = FrameType.CONTINUATION, flags = 0) {
      const to = Math.min(block.length, from + MAX_FRAME_SIZE);
      const last = to === block.length;
      const at = this.#frame(to - from, type, last ? flags | Flag.END_HEADERS : flags, stream);
      block.copy(this.#block as Buffer, at, from, to);
      this.#floods.onSent(false, false);
      if (last) return;
    }
  }

  reset(stream: number, code: number): void {
    this.#control(4, FrameType.RST_STREAM, 0, stream).writeUInt32BE(code, this.#length - 4);
  }

  windowUpdate(stream: number, bytes: number): void {
    this.#control(4, FrameType.WINDOW_UPDATE, 0, stream).writeUInt32BE(bytes, this.#length - 4);
  }

  settings(pairs: readonly (readonly [id: number, value: number])[]): void {
    const block = this.#control(pairs.length * 6, FrameType.SETTINGS, 0, 0);
    let at = this.#length - pairs.length * 6;
    for (const [id, value] of pairs) {
      block.writeUInt16BE(id, at);
      block.writeUInt32BE(value, at + 2);
      at += 6;
    }
  }

  settingsAck(): void {
    this.#control(0, FrameType.SETTINGS, Flag.ACK, 0);
  }

  ping(payload: Buffer, ack: boolean): void {
    payload.copy(this.#control(8, FrameType.PING, ack ? Flag.ACK : 0, 0), this.#length - 8);
  }

  goaway(lastStream: number, code: number): void {
    const block = this.#control(8, FrameType.GOAWAY, 0, 0);
    block.writeUInt32BE(lastStream, this.#length - 8);
    block.writeUInt32BE(code, this.#length - 4);
  }

  /** Writes what has been gathered. */
  flush(): void {
    this.#scheduled = false;
    this.#write();
    this.#pending = 0;
    if (this.#socket.writableLength === 0) this.#floods.onFlushed();
    else if (this.#floods.overflows()) this.#owner.onOverflow();
    this.#tellRoom();
  }

  #control(length: number, type: number, flags: number, stream: number): Buffer {
    this.#frame(length, type, flags, stream);
    this.#floods.onSent(true, false);
    return this.#block as Buffer;
  }

  /** Writes a frame's head and makes room for its payload. Gives back where that begins in the block. */
  #frame(length: number, type: number, flags: number, stream: number): number {
    const at = this.#reserve(FRAME_HEAD + length);
    const block = this.#block as Buffer;
    block[at] = length >> 16;
    block[at + 1] = length >> 8;
    block[at + 2] = length;
    block[at + 3] = type;
    block[at + 4] = flags;
    block[at + 5] = stream >>> 24;
    block[at + 6] = stream >> 16;
    block[at + 7] = stream >> 8;
    block[at + 8] = stream;
    return at + FRAME_HEAD;
  }

  #reserve(bytes: number): number {
    if (this.#length + bytes > BLOCK) this.#write();
    this.#block ??= free.pop() ?? Buffer.allocUnsafeSlow(BLOCK);
    const at = this.#length;
    this.#length += bytes;
    this.#pending += bytes;
    if (!this.#scheduled) {
      this.#scheduled = true;
      flushLater(this);
    }
    return at;
  }

  #write(): void {
    const block = this.#block;
    if (block === undefined) return;
    const bytes = block.subarray(0, this.#length);
    this.#block = undefined;
    this.#length = 0;
    this.#sent.value += bytes.length;
    const socket = this.#socket;
    if (!socket.writable) {
      giveBack(block);
      return;
    }
    if (socket.writableLength > 0 && bytes.length < WORTH_A_BLOCK) {
      socket.write(Buffer.from(bytes));
      giveBack(block);
      return;
    }
    socket.write(bytes);
    // Written at once: nobody reads the block any more.
    if (socket.writableLength === 0) giveBack(block);
  }

  #onDrain(): void {
    this.#floods.onFlushed();
    this.#tellRoom();
  }

  #tellRoom(): void {
    if (!this.#wasFull || this.full) return;
    this.#wasFull = false;
    this.#owner.onRoom();
  }
}

function giveBack(block: Buffer): void {
  if (free.length < MAX_FREE) free.push(block);
}
