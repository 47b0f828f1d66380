/**
 * Writes header blocks of one direction of a connection: RFC 7541. A field goes into the table when it comes a second
 * time with the same value, so that what differs from message to message does not push out what stays. Strings are
 * written as they are: the Huffman code would save a quarter of few bytes for more time than all the rest takes.
 */

import { SECRET_HEADERS } from '../../http/secret-headers.ts';
import { STATIC_TABLE } from './static-table.ts';

const ENTRY_COST = 32;
/** Beyond these a connection's names are written out: peers choose some of them. */
const MAX_NAMES = 256;
/** Longer values are not remembered. */
const MAX_REMEMBERED = 512;
const SHORT = 16;

/** What is known of a name on this connection. */
interface Name {
  readonly secret: boolean;
  /** In the static table; 0 when it is not there. */
  readonly staticIndex: number;
  /** By value: the negative static index, or the number of the entry that was added. */
  readonly places: Map<string, number>;
  /** The newest entry with that name. */
  newest: number;
  /** The value that was written out last. */
  last: string;
}

interface Entry {
  readonly name: Name;
  readonly value: string;
  readonly size: number;
}

const staticNames = new Map<
  string,
  { readonly index: number; readonly values: (readonly [string, number])[] }
>();
for (const [index, [name, value]] of STATIC_TABLE.entries()) {
  let known = staticNames.get(name);
  if (known === undefined) staticNames.set(name, (known = { index: index + 1, values: [] }));
  if (value !== '') known.values.push([value, -index - 1]);
}

/** The block that is being written: one at a time in the whole process. */
let block = Buffer.allocUnsafeSlow(16_384);
let length = 0;

export class HpackEncoder {
  /** The most that this side wants to keep. */
  readonly #limit: number;
  #maxSize: number;
  #size = 0;
  readonly #names = new Map<string, Name>();
  readonly #entries: Entry[] = [];
  #added = 0;
  /** The smallest size that the peer has not been told of yet. */
  #smallest: number | undefined;

  constructor(limit: number) {
    this.#limit = limit;
    // Until the peer says otherwise its table has this size.
    this.#maxSize = Math.min(limit, 4_096);
    if (limit < 4_096) this.#smallest = limit;
  }

  /** What the peer's table may hold. */
  set tableSize(size: number) {
    const most = Math.min(size, this.#limit);
    if (most === this.#maxSize) return;
    this.#maxSize = most;
    this.#smallest = Math.min(most, this.#smallest ?? most);
    this.#evict(0);
  }

  /** Begins a block. */
  begin(): void {
    length = 0;
    if (this.#smallest === undefined) return;
    if (this.#smallest < this.#maxSize) writeInteger(0x20, 0x1f, this.#smallest);
    writeInteger(0x20, 0x1f, this.#maxSize);
    this.#smallest = undefined;
  }

  /** `secret`: it must not go into a table. */
  add(name: string, value: string, secret = false): void {
    reserve(name.length + value.length + 20);
    const known = this.#names.get(name) ?? this.#learn(name);
    if (known === undefined) {
      writeInteger(secret ? 0x10 : 0, 0x0f, 0);
      writeString(name);
      writeString(value);
      return;
    }
    if (secret || known.secret) {
      this.#writeName(0x10, 0x0f, name, known);
    } else {
      const place = known.places.get(value);
      if (place !== undefined) {
        writeInteger(0x80, 0x7f, place < 0 ? -place : this.#indexOf(place));
        return;
      }
      if (known.last === value && value !== '') {
        this.#writeName(0x40, 0x3f, name, known);
        this.#insert(known, name, value);
      } else {
        known.last = value.length > MAX_REMEMBERED ? '' : value;
        this.#writeName(0, 0x0f, name, known);
      }
    }
    writeString(value);
  }

  /** The block, good until the next one begins. */
  finish(): Buffer {
    return block.subarray(0, length);
  }

  #learn(name: string): Name | undefined {
    if (this.#names.size >= MAX_NAMES) return undefined;
    const fixed = staticNames.get(name);
    const known: Name = {
      // It is not to be guessed from the sizes of blocks: RFC 7541, section 7.1.
      secret: SECRET_HEADERS.has(name),
      staticIndex: fixed?.index ?? 0,
      places: new Map(fixed?.values),
      newest: 0,
      last: '',
    };
    this.#names.set(name, known);
    return known;
  }

  #indexOf(place: number): number {
    return STATIC_TABLE.length + 1 + this.#added - place;
  }

  #writeName(pattern: number, mask: number, name: string, known: Name): void {
    const { staticIndex, newest } = known;
    if (staticIndex > 0) {
      writeInteger(pattern, mask, staticIndex);
    } else if (newest > this.#added - this.#entries.length) {
      writeInteger(pattern, mask, this.#indexOf(newest));
    } else {
      writeInteger(pattern, mask, 0);
      writeString(name);
    }
  }

  #insert(known: Name, name: string, value: string): void {
    const size = name.length + value.length + ENTRY_COST;
    this.#evict(size);
    if (size > this.#maxSize) return;
    this.#entries.push({ name: known, value, size });
    this.#size += size;
    known.newest = ++this.#added;
    known.places.set(value, this.#added);
  }

  #evict(room: number): void {
    while (this.#entries.length > 0 && this.#size + room > this.#maxSize) {
      const oldest = this.#entries.shift();
      if (oldest === undefined) return;
      this.#size -= oldest.size;
      oldest.name.places.delete(oldest.value);
    }
  }
}

function reserve(bytes: number): void {
  if (block.length - length >= bytes) return;
  const larger = Buffer.allocUnsafeSlow((length + bytes) * 2);
  block.copy(larger, 0, 0, length);
  block = larger;
}

function writeInteger(pattern: number, mask: number, value: number): void {
  if (value < mask) {
    block[length++] = pattern | value;
    return;
  }
  block[length++] = pattern | mask;
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) block[length++] = (rest % 128) | 0x80;
  block[length++] = rest;
}

function writeString(text: string): void {
  const size = text.length;
  writeInteger(0, 0x7f, size);
  if (size > SHORT) {
    length += block.write(text, length, 'latin1');
    return;
  }
  for (let index = 0; index < size; index++) block[length++] = text.charCodeAt(index);
}
