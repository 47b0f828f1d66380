/** The messages in a body of gRPC: five bytes (flags, length) before each. */

const PREFIX = 5;

/** Counts messages as their bytes go by. */
export class FrameCounter {
  count = 0;
  /** Bytes of the message that goes by. */
  #left = 0;
  /** Bytes of the prefix that have come, and what they say of the length. */
  #have = 0;
  #length = 0;

  see(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, chunk.length - offset);
        this.#left -= skipped;
        offset += skipped;
        continue;
      }
      // The first byte is for flags.
      if (this.#have > 0) this.#length = this.#length * 256 + (chunk[offset] ?? 0);
      offset++;
      if (++this.#have === PREFIX) {
        this.#left = this.#length;
        this.#have = 0;
        this.#length = 0;
        this.count++;
      }
    }
  }
}

/** A message of its own, as gRPC-Web has its trailers. */
export function frame(flags: number, data: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt8(flags, 0);
  prefix.writeUInt32BE(data.length, 1);
  return Buffer.concat([prefix, data]);
}
