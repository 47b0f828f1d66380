/** Bytes of a connection into frames, however they are cut: RFC 9113, section 4.1. */

import { ConnectionError, ErrorCode } from './errors.ts';
import { FRAME_HEAD, Flag, FrameType, MAX_FRAME_SIZE } from './frames.ts';

/** Each may throw a `ConnectionError`. */
export interface FrameHandler {
  /** Every frame, before any of its payload. */
  onFrameHead(type: number, flags: number, stream: number, length: number): void;
  /**
   * A piece of a DATA frame. `credit` is what flow control counts: the bytes and the padding that came with them.
   * `last`: the frame ends with it.
   */
  onData(stream: number, bytes: Buffer, credit: number, last: boolean, flags: number): void;
  /** Any other frame, with its whole payload: that part of the bytes, which are another's afterwards. */
  onFrame(type: number, flags: number, stream: number, bytes: Buffer, start: number, end: number): void;
}

const NO_BYTES = Buffer.alloc(0);

export class FrameReader {
  readonly #handler: FrameHandler;
  /** A head, or a payload, that has not come whole. */
  #part: Buffer | undefined;
  #partBytes = 0;
  #inFrame = false;
  #type = 0;
  #flags = 0;
  #stream = 0;
  /** Of the frame's payload. */
  #left = 0;
  #padding = 0;
  #awaitsPadding = false;
  /** Nothing more is read. */
  stopped = false;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.stopped) {
      if (!this.#inFrame) at = this.#readHead(chunk, at);
      else if (this.#type === FrameType.DATA) at = this.#readData(chunk, at);
      else at = this.#readPayload(chunk, at);
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    if (this.#part === undefined && chunk.length - at >= FRAME_HEAD) {
      this.#onHead(chunk, at);
      return at + FRAME_HEAD;
    }
    const part = (this.#part ??= Buffer.allocUnsafe(FRAME_HEAD));
    const taken = chunk.copy(part, this.#partBytes, at);
    this.#partBytes += taken;
    if (this.#partBytes === FRAME_HEAD) {
      this.#part = undefined;
      this.#partBytes = 0;
      this.#onHead(part, 0);
    }
    return at + taken;
  }

  #onHead(bytes: Buffer, at: number): void {
    const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const type = bytes[at + 3] ?? 0;
    const flags = bytes[at + 4] ?? 0;
    const stream = bytes.readUInt32BE(at + 5) & 0x7fffffff;
    if (length > MAX_FRAME_SIZE)
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'a frame is too large');
    this.#type = type;
    this.#flags = flags;
    this.#stream = stream;
    this.#left = length;
    this.#handler.onFrameHead(type, flags, stream, length);
    this.#inFrame = length > 0;
    if (type !== FrameType.DATA) {
      if (length === 0) this.#handler.onFrame(type, flags, stream, NO_BYTES, 0, 0);
      return;
    }
    this.#padding = 0;
    this.#awaitsPadding = (flags & Flag.PADDED) !== 0;
    if (length > 0) return;
    if (this.#awaitsPadding) throw badPadding();
    this.#handler.onData(stream, NO_BYTES, 0, true, flags);
  }

  #readPayload(chunk: Buffer, at: number): number {
    const length = this.#left;
    if (this.#part === undefined && chunk.length - at >= length) {
      this.#inFrame = false;
      this.#handler.onFrame(this.#type, this.#flags, this.#stream, chunk, at, at + length);
      return at + length;
    }
    const part = (this.#part ??= Buffer.allocUnsafe(length));
    const taken = chunk.copy(part, this.#partBytes, at);
    this.#partBytes += taken;
    if (this.#partBytes === length) {
      this.#part = undefined;
      this.#partBytes = 0;
      this.#inFrame = false;
      this.#handler.onFrame(this.#type, this.#flags, this.#stream, part, 0, length);
    }
    return at + taken;
  }

  #readData(chunk: Buffer, from: number): number {
    let at = from;
    if (this.#awaitsPadding) {
      this.#awaitsPadding = false;
      this.#padding = chunk[at++] ?? 0;
      this.#left--;
      if (this.#padding > this.#left) throw badPadding();
    }
    const available = Math.min(chunk.length - at, this.#left);
    const body = Math.max(0, Math.min(available, this.#left - this.#padding));
    this.#left -= available;
    const last = this.#left === 0;
    if (last) this.#inFrame = false;
    const bytes = body === 0 ? NO_BYTES : chunk.subarray(at, at + body);
    at += available;
    this.#handler.onData(this.#stream, bytes, at - from, last, this.#flags);
    return at;
  }
}

function badPadding(): ConnectionError {
  return new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'the padding is longer than its frame');
}
