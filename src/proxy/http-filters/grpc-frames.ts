/** The messages in a body of gRPC: five bytes (flags, length) before each. */

const PREFIX = 5;

/** Counts messages as their bytes go by. */
export class FrameCounter {
  count = 0;
  #left = 0;
  readonly #prefix = Buffer.alloc(PREFIX);
  #have = 0;

  see(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, chunk.length - offset);
        this.#left -= skipped;
        offset += skipped;
        continue;
      }
      const copied = chunk.copy(this.#prefix, this.#have, offset, offset + PREFIX - this.#have);
      this.#have += copied;
      offset += copied;
      if (this.#have === PREFIX) {
        this.#have = 0;
        this.#left = this.#prefix.readUInt32BE(1);
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
