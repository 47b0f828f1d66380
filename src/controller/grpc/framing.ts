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

/** Puts messages together from the parts in which they arrive. */
export class Deframer {
  readonly #limits: DeframerLimits;
  readonly #received: Received;
  #parts: Buffer[] = [];
  #held = 0;
  /** Bytes that are needed before the next step: a head, or a head with its message. */
  #wanted = FRAME_HEAD;

  constructor(limits: DeframerLimits, received: Received) {
    this.#limits = limits;
    this.#received = received;
  }

  /** Takes a part, and hands each message that it completes to `onMessage`. What it returns ends the stream. */
  take(part: Buffer, onMessage: (message: Buffer) => void): FramingFault | undefined {
    this.#hold(part);
    while (this.#held >= this.#wanted) {
      const bytes = this.#joined();
      const isCompressed = bytes[0] !== 0;
      const length = bytes.readUInt32BE(1);
      if (isCompressed) {
        return { status: 'unimplemented', message: 'messages must not be compressed' };
      }
      if (length > this.#limits.message) {
        const message = `a message has ${length} bytes; at most ${this.#limits.message} are read`;
        return { status: 'resourceExhausted', message };
      }
      this.#wanted = FRAME_HEAD + length;
      if (bytes.length < this.#wanted) break;
      const end = this.#wanted;
      this.clear();
      if (bytes.length > end) this.#hold(bytes.subarray(end));
      onMessage(bytes.subarray(FRAME_HEAD, end));
    }
    if (this.#received.bytes <= this.#limits.total) return undefined;
    return { status: 'resourceExhausted', message: 'too much is being received at once' };
  }

  #hold(part: Buffer): void {
    this.#parts.push(part);
    this.#held += part.length;
    this.#received.bytes += part.length;
  }

  /** All that is held as one. */
  #joined(): Buffer {
    const [first] = this.#parts;
    if (this.#parts.length === 1 && first !== undefined) return first;
    const whole = Buffer.concat(this.#parts);
    this.#parts = [whole];
    return whole;
  }

  /** Forgets what is held. */
  clear(): void {
    this.#received.bytes -= this.#held;
    this.#parts = [];
    this.#held = 0;
    this.#wanted = FRAME_HEAD;
  }
}
