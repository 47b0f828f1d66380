/** Bytes that have come and are not wanted yet: what comes in small pieces is put together, so that it takes no more room. */

import { keep } from '../sockets/reading.ts';

/** Up to here pieces are copied behind one another. */
const SMALL = 2_048;
const JOINED = 16_384;

export class HeldBody {
  #chunks: Buffer[] = [];
  /** What the next small one is put behind, and how much of it is in use. */
  #open: Buffer | undefined;
  #used = 0;
  bytes = 0;

  push(chunk: Buffer): void {
    const { length } = chunk;
    if (length === 0) return;
    this.bytes += length;
    if (length > SMALL) {
      this.#seal();
      this.#chunks.push(keep(chunk));
      return;
    }
    const open = this.#open;
    // One that stays alone is not copied; a second one shows that there may be many.
    if (open === undefined || this.#used + length > JOINED) {
      this.#seal();
      this.#open = keep(chunk);
      this.#used = length;
      return;
    }
    if (this.#used + length > open.length) {
      this.#open = Buffer.allocUnsafeSlow(Math.min(JOINED, 4 * (this.#used + length)));
      open.copy(this.#open, 0, 0, this.#used);
    }
    this.#used += chunk.copy(this.#open ?? open, this.#used);
  }

  /** All that is held, in pieces. */
  get pieces(): readonly Buffer[] {
    this.#seal();
    return this.#chunks.slice();
  }

  /** The oldest bytes; undefined when there are none. */
  shift(): Buffer | undefined {
    if (this.#chunks.length === 0) this.#seal();
    const chunk = this.#chunks.shift();
    this.bytes -= chunk?.length ?? 0;
    return chunk;
  }

  #seal(): void {
    if (this.#open === undefined) return;
    this.#chunks.push(this.#open.subarray(0, this.#used));
    this.#open = undefined;
    this.#used = 0;
  }
}
