/** Bytes of a protobuf message in the making. https://protobuf.dev/programming-guides/encoding/ */

const FIRST_SIZE = 64 * 1024;
/** Longest text that is written character by character; a call into the runtime costs more than these. */
const SHORT = 24;

/** How the value of a field is written, as it stands in the low bits of the field's tag. */
export const WIRE = { varint: 0, bit64: 1, bytes: 2, bit32: 5 } as const;

export class MessageWriter {
  #buffer = Buffer.allocUnsafeSlow(FIRST_SIZE);
  #at = 0;

  /** What was written, to be read before anything more is. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  /** A whole number from 0 to 2^53 - 1. */
  varint(value: number): void {
    this.#room(10);
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#at++] = rest;
  }

  double(value: number): void {
    this.#room(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  /** A text with its length before it. */
  text(value: string): void {
    const { length } = value;
    this.#room(3 * length + 5);
    if (length <= SHORT && this.#ascii(value)) return;
    const begin = this.begin();
    this.#at += this.#buffer.write(value, this.#at);
    this.end(begin);
  }

  /** Bytes as they are, without a length. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Begins what has its length before it; what is returned is for `end`. */
  begin(): number {
    this.#room(1);
    return this.#at++;
  }

  end(begin: number): void {
    const length = this.#at - begin - 1;
    if (length <= 0x7f) {
      this.#buffer[begin] = length;
      return;
    }
    // One byte was left for the length: the longer ones move what stands behind.
    const more = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : length < 0x1000_0000 ? 3 : 4;
    this.#room(more);
    this.#buffer.copyWithin(begin + 1 + more, begin + 1, this.#at);
    const end = this.#at + more;
    this.#at = begin;
    this.varint(length);
    this.#at = end;
  }

  /** False, with nothing written, for what has other characters. */
  #ascii(value: string): boolean {
    const buffer = this.#buffer;
    const { length } = value;
    let at = this.#at;
    buffer[at++] = length;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return false;
      buffer[at++] = code;
    }
    this.#at = at;
    return true;
  }

  #room(bytes: number): void {
    const wanted = this.#at + bytes;
    if (wanted <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.#buffer.length));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }
}
