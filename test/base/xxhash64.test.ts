import { describe, expect, test } from 'vitest';
import { xxHash64, xxHash64Halves } from '../../src/base/xxhash64.ts';

describe('xxHash64', () => {
  // Of the reference program, `xxhsum -H1`.
  test.each([
    ['', 0, 0xef46db3751d8e999n],
    ['a', 0, 0xd24ec4f1a98c6e5bn],
    ['as', 0, 0x1c330fb2d66be179n],
    ['asd', 0, 0x631c37ce72a97393n],
    ['asdf', 0, 0x415872f599cea71en],
    ['Call me Ishmael. Some years ago--never mind how long precisely-', 0, 0x02a2e85470d6fd96n],
  ])('of %j with seed %i', (text, seed, expected) => {
    expect(xxHash64(text, seed)).toBe(expected);
  });

  test('agrees with the definition written in BigInt, at all lengths and with seeds', () => {
    const bytes = Uint8Array.from({ length: 200 }, (_, index) => (index * 2654435761) >>> 24);
    for (let length = 0; length <= bytes.length; length++) {
      for (const seed of [0, 1, 0xdeadbeef]) {
        const data = bytes.subarray(0, length);
        expect(xxHash64(data, seed)).toBe(byDefinition(data, BigInt(seed)));
      }
    }
  });

  test('halves are the two halves', () => {
    const [high, low] = xxHash64Halves('asdf');
    expect((BigInt(high) << 32n) | BigInt(low)).toBe(xxHash64('asdf'));
  });
});

/** The specification, word for word. */
function byDefinition(data: Uint8Array, seed: bigint): bigint {
  const u64 = (value: bigint) => BigInt.asUintN(64, value);
  const rotl = (value: bigint, bits: bigint) => u64((value << bits) | (value >> (64n - bits)));
  const [p1, p2, p3, p4, p5] = [
    0x9e3779b185ebca87n,
    0xc2b2ae3d27d4eb4fn,
    0x165667b19e3779f9n,
    0x85ebca77c2b2ae63n,
    0x27d4eb2f165667c5n,
  ] as const;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const round = (acc: bigint, lane: bigint) => u64(rotl(u64(acc + u64(lane * p2)), 31n) * p1);
  let at = 0;
  let acc: bigint;
  if (data.length >= 32) {
    const accs = [u64(seed + p1 + p2), u64(seed + p2), seed, u64(seed - p1)];
    for (; at + 32 <= data.length; at += 32) {
      for (let lane = 0; lane < 4; lane++) {
        accs[lane] = round(accs[lane] ?? 0n, view.getBigUint64(at + 8 * lane, true));
      }
    }
    acc = u64([1n, 7n, 12n, 18n].reduce((sum, bits, index) => sum + rotl(accs[index] ?? 0n, bits), 0n));
    for (const one of accs) acc = u64((acc ^ round(0n, one)) * p1 + p4);
  } else {
    acc = u64(seed + p5);
  }
  acc = u64(acc + BigInt(data.length));
  for (; at + 8 <= data.length; at += 8) {
    acc = u64(rotl(acc ^ round(0n, view.getBigUint64(at, true)), 27n) * p1 + p4);
  }
  if (at + 4 <= data.length) {
    acc = u64(rotl(acc ^ u64(BigInt(view.getUint32(at, true)) * p1), 23n) * p2 + p3);
    at += 4;
  }
  for (; at < data.length; at++) acc = u64(rotl(acc ^ u64(BigInt(data[at] ?? 0) * p5), 11n) * p1);
  acc = u64((acc ^ (acc >> 33n)) * p2);
  acc = u64((acc ^ (acc >> 29n)) * p3);
  return acc ^ (acc >> 32n);
}
