/**
 * Protobuf messages looked at without being decoded: the fields of one, some of them taken out, what several have in
 * common. https://protobuf.dev/programming-guides/encoding/
 */

import { isUtf8 } from 'node:buffer';

const VARINT = 0;
const BITS64 = 1;
const BYTES = 2;
const BITS32 = 5;

/** Goes through the fields of a message: after each `next` that is true, the properties are those of a field. */
export class WireFields {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  /** The field's number. */
  number = 0;
  /** How its value is written. */
  wire = VARINT;
  /** Whether it has a length, as texts and messages do; `from` to `to` are its contents then. */
  isBytes = false;
  /** Where its tag begins. */
  start = 0;
  from = 0;
  to = 0;

  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
  }

  /** False at the end. Throws for bytes that are no message. */
  next(): boolean {
    const begin = this.#at;
    if (begin >= this.#end) return false;
    this.start = begin;
    const bytes = this.#bytes;
    let tag = bytes[begin] ?? 0;
    if (tag < 0x80) this.#at = begin + 1;
    else tag = this.#varint();
    this.number = tag >>> 3;
    const wire = tag & 7;
    this.wire = wire;
    this.isBytes = wire === BYTES;
    if (wire === BYTES) {
      let length = bytes[this.#at] ?? 0x80;
      if (length < 0x80) this.#at++;
      else length = this.#varint();
      this.from = this.#at;
      this.#at += length;
    } else {
      this.from = this.#at;
      if (wire === VARINT) this.#varint();
      else if (wire === BITS64) this.#at += 8;
      else if (wire === BITS32) this.#at += 4;
      else throw new Error(`it cannot be decoded: wire type ${wire}`);
    }
    if (this.#at > this.#end) throw cut();
    this.to = this.#at;
    return true;
  }

  /** Numbers of more than 53 bits lose their low ones: nobody reads such. */
  #varint(): number {
    const bytes = this.#bytes;
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 10; count++) {
      if (this.#at >= this.#end) throw cut();
      const byte = bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
    throw new Error('it cannot be decoded: a number is too long');
  }
}

function cut(): Error {
  return new Error('it cannot be decoded: it ends in the middle of a field');
}

/** The contents of the last field of that number, which is the one that counts; undefined when there is none. */
function bytesField(bytes: Uint8Array, number: number): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  for (const fields = new WireFields(bytes); fields.next();) {
    if (fields.number === number && fields.isBytes) found = bytes.subarray(fields.from, fields.to);
  }
  return found;
}

/** The message in a field of that number, merged of all of them; undefined when there is none. */
export function messageField(bytes: Uint8Array, number: number): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (const fields = new WireFields(bytes); fields.next();) {
    if (fields.number === number && fields.isBytes) parts.push(bytes.subarray(fields.from, fields.to));
  }
  return parts.length > 1 ? Buffer.concat(parts) : parts[0];
}

/** The texts of all fields of that number. */
export function textFields(bytes: Uint8Array, number: number): readonly string[] {
  const view = asBuffer(bytes);
  const found: string[] = [];
  for (const fields = new WireFields(bytes); fields.next();) {
    if (fields.number === number && fields.isBytes) found.push(view.toString('utf8', fields.from, fields.to));
  }
  return found;
}

/** The text of a field that there is one of; empty when there is none. */
export function textField(bytes: Uint8Array, number: number): string {
  const found = bytesField(bytes, number);
  return found === undefined ? '' : asBuffer(found).toString();
}

export interface TakenOut {
  /** The message without them. */
  readonly rest: Uint8Array;
  /** The contents of each, in their order: views of the message's bytes. */
  readonly taken: readonly Uint8Array[];
}

/** Takes the fields of a number out of a message, or out of those that the numbers before it lead to. */
export function takeOut(bytes: Uint8Array, number: number, ...inner: readonly number[]): TakenOut {
  const [next, ...further] = inner;
  const kept: Uint8Array[] = [];
  const taken: Uint8Array[] = [];
  let from = 0;
  for (const fields = new WireFields(bytes); fields.next();) {
    if (fields.number !== number || !fields.isBytes) continue;
    if (from < fields.start) kept.push(bytes.subarray(from, fields.start));
    const contents = bytes.subarray(fields.from, fields.to);
    if (next === undefined) {
      taken.push(contents);
    } else {
      const { rest, taken: more } = takeOut(contents, next, ...further);
      for (const one of more) taken.push(one);
      kept.push(head(number, rest.length), rest);
    }
    from = fields.to;
  }
  if (taken.length === 0) return { rest: bytes, taken };
  kept.push(bytes.subarray(from));
  return { rest: Buffer.concat(kept), taken };
}

/** Throws for contents of a field, between two offsets, that cannot be decoded. */
export type CheckContents = (bytes: Uint8Array, from: number, to: number) => void;

/** Fields by number: those that do not count, and are only checked, or those of the message in it that do not. */
export type LeftOut = ReadonlyMap<number, LeftOut | CheckContents>;

/**
 * What a message says but for some fields, as a text that is the same for all that say the same in the same order. Of two
 * messages with the same text either both can be decoded or neither can. Throws for what is left out and cannot be.
 */
export function shapeOf(bytes: Uint8Array, leftOut: LeftOut): string {
  // A shape is longer than its message by a length for each message in it at most.
  const most = 4 * bytes.length;
  if (scratch.length < most) scratch = Buffer.allocUnsafeSlow(2 * most);
  return scratch.toString('latin1', 0, writeShape(bytes, 0, bytes.length, leftOut, 0));
}

let scratch = Buffer.allocUnsafeSlow(16 * 1024);

/** Returns where the next byte goes. */
function writeShape(bytes: Uint8Array, begin: number, end: number, leftOut: LeftOut, to: number): number {
  let at = to;
  let from = begin;
  for (const fields = new WireFields(bytes, begin, end); fields.next();) {
    const inner = leftOut.get(fields.number);
    if (inner === undefined || !fields.isBytes) continue;
    at = copy(bytes, from, fields.start, at);
    from = fields.to;
    // Of what is left out it counts that it is there, and whether it is empty.
    scratch[at++] = fields.number & 0xff;
    scratch[at++] = fields.from === fields.to ? 0 : 1;
    if (typeof inner === 'function') {
      inner(bytes, fields.from, fields.to);
      continue;
    }
    const length = at;
    at = writeShape(bytes, fields.from, fields.to, inner, at + 4);
    scratch.writeUInt32LE(at - length, length);
  }
  return copy(bytes, from, end, at);
}

/** Whether a text is ASCII, as most are: others may be no UTF-8. */
export function isAscii(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((bytes[at] ?? 0) > 0x7f) return false;
  return true;
}

/** Texts are UTF-8: https://protobuf.dev/programming-guides/proto3/#scalar */
export const checkText: CheckContents = (bytes, from, to) => {
  if (isAscii(bytes, from, to) || isUtf8(bytes.subarray(from, to))) return;
  throw new Error('it cannot be decoded: a text is not UTF-8');
};

/** Most of what is copied is too short for a call into the runtime. */
function copy(bytes: Uint8Array, from: number, end: number, to: number): number {
  let at = to;
  for (let index = from; index < end; index++) scratch[at++] = bytes[index] ?? 0;
  return at;
}

/** Tag and length of a field that has contents of so many bytes. */
function head(number: number, length: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest of [number * 8 + BYTES, length]) {
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
