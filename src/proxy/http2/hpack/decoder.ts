/** Reads header blocks of one direction of a connection: RFC 7541. */

import { ConnectionError, ErrorCode } from '../errors.ts';
import { type Field, fieldLike, fieldOf } from './field.ts';
import { decodeHuffman } from './huffman.ts';
import { STATIC_TABLE } from './static-table.ts';

export interface FieldSink {
  /** `secret`: it may not go into a table, here or further on (RFC 7541, section 7.1.3). */
  onField(field: Field, secret: boolean): void;
}

const STATIC: readonly Field[] = STATIC_TABLE.map(([name, value]) => fieldOf(name, value));
/** No index, length or size is larger. */
const MAX_INTEGER = 2 ** 28;

export class HpackDecoder {
  /** What this side has said that its table may hold, in octets. */
  readonly #limit: number;
  #maxSize: number;
  #size = 0;
  /** The newest entry is the last. */
  #entries: Field[] = [];
  /** Entries before it have been evicted. */
  #first = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#maxSize = limit;
  }

  /** One whole block. Throws a `ConnectionError` when it is none: the tables of the two sides have parted. */
  decode(bytes: Buffer, start: number, end: number, sink: FieldSink): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    let fields = 0;
    while (this.#at < end) {
      const byte = bytes[this.#at] ?? 0;
      if ((byte & 0x80) !== 0) {
        sink.onField(this.#entry(this.#integer(0x7f)), false);
      } else if ((byte & 0x40) !== 0) {
        const field = this.#literal(0x3f);
        this.#add(field);
        sink.onField(field, false);
      } else if ((byte & 0x20) !== 0) {
        if (fields > 0) throw broken('the size of the table changes within a block');
        const size = this.#integer(0x1f);
        if (size > this.#limit) throw broken('the table may not be that large');
        this.#maxSize = size;
        this.#evict(0);
        continue;
      } else {
        sink.onField(this.#literal(0x0f), (byte & 0x10) !== 0);
      }
      fields++;
    }
  }

  #literal(mask: number): Field {
    const index = this.#integer(mask);
    if (index === 0) {
      const name = this.#string();
      return fieldOf(name, this.#string());
    }
    return fieldLike(this.#entry(index), this.#string());
  }

  #entry(index: number): Field {
    const { length } = STATIC;
    const field =
      index <= length ? STATIC[index - 1] : this.#entries[this.#entries.length - (index - length)];
    if (field === undefined || (index > length && this.#entries.length - (index - length) < this.#first)) {
      throw broken(`no field has the index ${index}`);
    }
    return field;
  }

  #add(field: Field): void {
    const { size } = field;
    this.#evict(size);
    if (size > this.#maxSize) return;
    this.#entries.push(field);
    this.#size += size;
  }

  /** Makes room for that many octets. */
  #evict(room: number): void {
    const entries = this.#entries;
    let first = this.#first;
    while (first < entries.length && this.#size + room > this.#maxSize) {
      this.#size -= entries[first]?.size ?? 0;
      first++;
    }
    // What has been evicted is let go of from time to time.
    if (first > 0 && first * 2 >= entries.length) {
      entries.splice(0, first);
      first = 0;
    }
    this.#first = first;
  }

  #integer(mask: number): number {
    const bytes = this.#bytes;
    let value = (bytes[this.#at++] ?? 0) & mask;
    if (value < mask) return value;
    for (let factor = 1; ; factor *= 128) {
      if (this.#at >= this.#end) throw broken('a number has no end');
      const byte = bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (value > MAX_INTEGER || factor > MAX_INTEGER) throw broken('a number is too large');
      if (byte < 0x80) return value;
    }
  }

  #string(): string {
    if (this.#at >= this.#end) throw broken('a string is missing');
    const isHuffman = (this.#bytes[this.#at] ?? 0) >= 0x80;
    const length = this.#integer(0x7f);
    const start = this.#at;
    const end = start + length;
    if (end > this.#end) throw broken('a string is longer than its block');
    this.#at = end;
    if (!isHuffman) return this.#bytes.toString('latin1', start, end);
    const text = decodeHuffman(this.#bytes, start, end);
    if (text === undefined) throw broken('no Huffman code');
    return text;
  }
}

function broken(what: string): ConnectionError {
  return new ConnectionError(ErrorCode.COMPRESSION_ERROR, what);
}
