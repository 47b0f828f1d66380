/**
 * Messages on a gRPC stream: each has five bytes before it, whether it is compressed and how long it is.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */

import type { GrpcStatus } from './status.ts';

export const FRAME_HEAD = 5;

/** Below this many bytes copying pieces into one is cheaper than writing them apart. */
const COPIED_BYTES = 8192;

/** A message as what is written for it. Large pieces are handed on as they are: many streams may share one. */
export function framed(pieces: readonly Buffer[]): readonly Buffer[] {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (length > COPIED_BYTES) {
    const head = Buffer.alloc(FRAME_HEAD);
    head.writeUInt32BE(length, 1);
    return [head, ...pieces];
  }
  const whole = Buffer.allocUnsafe(FRAME_HEAD + length);
  whole[0] = 0;
  whole.writeUInt32BE(length, 1);
  let at = FRAME_HEAD;
  for (const piece of pieces) at += piece.copy(whole, at);
  return [whole];
}

/** Bytes of unfinished messages, counted over all streams of a server. */
export interface Received {
  bytes: number;
}

export interface DeframerLimits {
  /** The largest message. */
  readonly message: number;
  /** Of unfinished messages over all streams together. */
  readonly total: number;
}

/** What makes a stream impossible to read on. */
export interface FramingFault {
  readonly status: GrpcStatus;
  readonly message: string;
}

/**
 * Puts messages together from the parts in which they arrive. With a `scratch` buffer, which many may share, what is
 * handed on holds only until `onMessage` returns: thousands of large messages then need no memory of their own.
 */
export class Deframer {
  readonly #limits: DeframerLimits;
  readonly #received: Received;
  readonly #scratch: Buffer | undefined;
  #parts: Buffer[] = [];
  #held = 0;
  /** Of the message that is being received; undefined before its head is there. */
  #length: number | undefined;

  constructor(limits: DeframerLimits, received: Received, scratch?: Buffer) {
    this.#limits = limits;
    this.#received = received;
    this.#scratch = scratch;
  }

  /** Takes a part, and hands each message that it completes to `onMessage`. What it returns ends the stream. */
  take(part: Buffer, onMessage: (message: Buffer) => void): FramingFault | undefined {
    this.#parts.push(part);
    this.#count(part.length);
    for (;;) {
      if (this.#length === undefined) {
        if (this.#held < FRAME_HEAD) break;
        const head = this.#cut(FRAME_HEAD);
        const fault = this.#faultIn(head);
        if (fault !== undefined) return fault;
        this.#length = head.readUInt32BE(1);
      }
      if (this.#held < this.#length) break;
      const message = this.#cut(this.#length);
      this.#length = undefined;
      onMessage(message);
    }
    if (this.#received.bytes <= this.#limits.total) return undefined;
    return { status: 'resourceExhausted', message: 'too much is being received at once' };
  }

  #faultIn(head: Buffer): FramingFault | undefined {
    const length = head.readUInt32BE(1);
    if (head[0] !== 0)
      return {
        status: 'unimplemented',
        message: 'messages must not be compressed: send them with grpc-encoding identity',
      };
    if (length <= this.#limits.message) return undefined;
    const message = `a message has ${length} bytes; at most ${this.#limits.message} are read`;
    return { status: 'resourceExhausted', message };
  }

  #count(bytes: number): void {
    this.#held += bytes;
    this.#received.bytes += bytes;
  }

  /** The next bytes as one, which are held no longer. */
  #cut(length: number): Buffer {
    this.#count(-length);
    const [first] = this.#parts;
    if (first !== undefined && first.length >= length) {
      if (first.length === length) this.#parts.shift();
      else this.#parts[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    const fits = this.#scratch !== undefined && length <= this.#scratch.length;
    const whole = fits ? this.#scratch.subarray(0, length) : Buffer.allocUnsafe(length);
    let at = 0;
    let used = 0;
    for (const part of this.#parts) {
      const copied = part.copy(whole, at, 0, Math.min(part.length, length - at));
      at += copied;
      if (copied < part.length) {
        this.#parts[used] = part.subarray(copied);
        break;
      }
      used += 1;
      if (at === length) break;
    }
    this.#parts.splice(0, used);
    return whole;
  }

  /** Forgets what is held. */
  clear(): void {
    this.#count(-this.#held);
    this.#parts = [];
    this.#length = undefined;
  }
}
