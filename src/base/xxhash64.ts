/**
 * xxHash64, in the halves of its numbers: BigInt would take ten times as long.
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */

// Each prime and each state is two unsigned 32-bit halves, the high one first.
const P1H = 0x9e3779b1;
const P1L = 0x85ebca87;
const P2H = 0xc2b2ae3d;
const P2L = 0x27d4eb4f;
const P3H = 0x165667b1;
const P3L = 0x9e3779f9;
const P4H = 0x85ebca77;
const P4L = 0xc2b2ae63;
const P5H = 0x27d4eb2f;
const P5L = 0x165667c5;

// The result of the helpers below: two numbers without making an object.
let high = 0;
let low = 0;

/** Hash of the text's UTF-8 bytes, or of the bytes, as an unsigned 64-bit number. The seed has at most 32 bits. */
export function xxHash64(data: string | Uint8Array, seed = 0): bigint {
  hash(data, seed);
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** As `xxHash64`, as two 32-bit halves `[high, low]`. */
export function xxHash64Halves(data: string | Uint8Array, seed = 0): [high: number, low: number] {
  hash(data, seed);
  return [high >>> 0, low >>> 0];
}

const encoder = new TextEncoder();

function hash(data: string | Uint8Array, seed: number): void {
  const bytes = typeof data === 'string' ? encoder.encode(data) : data;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length;
  let at = 0;
  let accHigh: number;
  let accLow: number;
  if (length >= 32) {
    at = stripes(view, length, seed);
    accHigh = high;
    accLow = low;
  } else {
    add(0, seed, P5H, P5L);
    accHigh = high;
    accLow = low;
  }
  add(accHigh, accLow, Math.floor(length / 2 ** 32), length);
  accHigh = high;
  accLow = low;
  for (; at + 8 <= length; at += 8) {
    round(0, 0, view.getUint32(at + 4, true), view.getUint32(at, true));
    accHigh ^= high;
    accLow ^= low;
    rotate(accHigh, accLow, 27);
    multiply(high, low, P1H, P1L);
    add(high, low, P4H, P4L);
    accHigh = high;
    accLow = low;
  }
  if (at + 4 <= length) {
    multiply(0, view.getUint32(at, true), P1H, P1L);
    accHigh ^= high;
    accLow ^= low;
    rotate(accHigh, accLow, 23);
    multiply(high, low, P2H, P2L);
    add(high, low, P3H, P3L);
    accHigh = high;
    accLow = low;
    at += 4;
  }
  for (; at < length; at++) {
    multiply(0, view.getUint8(at), P5H, P5L);
    accHigh ^= high;
    accLow ^= low;
    rotate(accHigh, accLow, 11);
    multiply(high, low, P1H, P1L);
    accHigh = high;
    accLow = low;
  }
  avalanche(accHigh, accLow);
}

function stripes(view: DataView, length: number, seed: number): number {
  const states: [number, number][] = [];
  add(0, seed, P1H, P1L);
  add(high, low, P2H, P2L);
  states.push([high, low]);
  add(0, seed, P2H, P2L);
  states.push([high, low]);
  states.push([0, seed]);
  // seed - P1
  add(0, seed, ~P1H, ~P1L);
  add(high, low, 0, 1);
  states.push([high, low]);
  let at = 0;
  for (; at + 32 <= length; at += 32) {
    let lane = at;
    for (const state of states) {
      round(state[0], state[1], view.getUint32(lane + 4, true), view.getUint32(lane, true));
      state[0] = high;
      state[1] = low;
      lane += 8;
    }
  }
  let sumHigh = 0;
  let sumLow = 0;
  for (const [index, state] of states.entries()) {
    rotate(state[0], state[1], [1, 7, 12, 18][index] ?? 0);
    add(sumHigh, sumLow, high, low);
    sumHigh = high;
    sumLow = low;
  }
  for (const state of states) {
    round(0, 0, state[0], state[1]);
    multiply(sumHigh ^ high, sumLow ^ low, P1H, P1L);
    add(high, low, P4H, P4L);
    sumHigh = high;
    sumLow = low;
  }
  return at;
}

function round(accHigh: number, accLow: number, laneHigh: number, laneLow: number): void {
  multiply(laneHigh, laneLow, P2H, P2L);
  add(accHigh, accLow, high, low);
  rotate(high, low, 31);
  multiply(high, low, P1H, P1L);
}

function avalanche(accHigh: number, accLow: number): void {
  let h = accHigh;
  let l = accLow;
  l ^= h >>> 1;
  multiply(h, l, P2H, P2L);
  h = high;
  l = low;
  // By 29: the low half takes bits of both.
  l ^= (l >>> 29) | (h << 3);
  h ^= h >>> 29;
  multiply(h, l, P3H, P3L);
  h = high;
  l = low;
  low = l ^ h;
  high = h;
}

function add(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const sum = (aLow >>> 0) + (bLow >>> 0);
  low = sum | 0;
  high = (aHigh + bHigh + (sum > 0xffffffff ? 1 : 0)) | 0;
}

function rotate(h: number, l: number, bits: number): void {
  high = (h << bits) | (l >>> (32 - bits));
  low = (l << bits) | (h >>> (32 - bits));
}

function multiply(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const a0 = aLow & 0xffff;
  const a1 = aLow >>> 16;
  const b0 = bLow & 0xffff;
  const b1 = bLow >>> 16;
  const p00 = a0 * b0;
  const p01 = a0 * b1;
  const p10 = a1 * b0;
  const middle = (p00 >>> 16) + (p01 & 0xffff) + (p10 & 0xffff);
  low = (p00 & 0xffff) | (middle << 16);
  const carry = a1 * b1 + (p01 >>> 16) + (p10 >>> 16) + (middle >>> 16);
  high = (carry + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) | 0;
}
