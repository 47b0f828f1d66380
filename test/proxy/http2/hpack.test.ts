/** Header compression: the examples of RFC 7541 (appendix C), round trips, and blocks that are none. */

import { array, assert, constantFrom, integer, oneof, property, record, string, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectionError } from '../../../src/proxy/http2/errors.ts';
import { HpackDecoder } from '../../../src/proxy/http2/hpack/decoder.ts';
import { HpackEncoder } from '../../../src/proxy/http2/hpack/encoder.ts';
import { field, indexedField } from './wire.ts';

type Pair = readonly [name: string, value: string];

interface Read {
  readonly fields: Pair[];
  readonly secrets: string[];
}

function decode(decoder: HpackDecoder, block: Buffer): Read {
  const fields: Pair[] = [];
  const secrets: string[] = [];
  decoder.decode(block, 0, block.length, {
    onField({ name, value }, secret) {
      fields.push([name, value]);
      if (secret) secrets.push(name);
    },
  });
  return { fields, secrets };
}

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

const FIRST: readonly Pair[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'www.example.com'],
];
const SECOND: readonly Pair[] = [...FIRST, ['cache-control', 'no-cache']];
const THIRD: readonly Pair[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/index.html'],
  [':authority', 'www.example.com'],
  ['custom-key', 'custom-value'],
];
const ANSWER: readonly Pair[] = [
  [':status', '302'],
  ['cache-control', 'private'],
  ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
  ['location', 'https://www.example.com'],
];

describe('the examples of RFC 7541', () => {
  const one = (hex: string): Read => decode(new HpackDecoder(4_096), bytes(hex));

  it('C.2: each kind of field', () => {
    const custom = '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572';
    expect(one(custom).fields).toEqual([['custom-key', 'custom-header']]);
    expect(one('040c 2f73 616d 706c 652f 7061 7468').fields).toEqual([[':path', '/sample/path']]);
    expect(one('1008 7061 7373 776f 7264 0673 6563 7265 74')).toEqual({
      fields: [['password', 'secret']],
      secrets: ['password'],
    });
    expect(one('82').fields).toEqual([[':method', 'GET']]);
  });

  it.each([
    [
      'C.3: requests as they are',
      [
        ['8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', FIRST],
        ['8286 84be 5808 6e6f 2d63 6163 6865', SECOND],
        ['8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65', THIRD],
      ],
    ],
    [
      'C.4: requests in the Huffman code',
      [
        ['8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', FIRST],
        ['8286 84be 5886 a8eb 1064 9cbf', SECOND],
        ['8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf', THIRD],
      ],
    ],
  ] as const)('%s', (_, blocks) => {
    const decoder = new HpackDecoder(4_096);
    for (const [hex, fields] of blocks) expect(decode(decoder, bytes(hex)).fields).toEqual(fields);
  });

  it('C.6: answers, and a table that has no room for all', () => {
    const decoder = new HpackDecoder(256);
    const read = (hex: string) => decode(decoder, bytes(hex)).fields;
    expect(
      read(
        '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718' +
          '63c7 8f0b 97c8 e9ae 82ae 43d3',
      ),
    ).toEqual(ANSWER);
    expect(read('4883 640e ffc1 c0bf')).toEqual([[':status', '307'], ...ANSWER.slice(1)]);
    expect(
      read(
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7' +
          'b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
      ),
    ).toEqual([
      [':status', '200'],
      ['cache-control', 'private'],
      ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
      ['location', 'https://www.example.com'],
      ['content-encoding', 'gzip'],
      ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
    ]);
  });
});

describe('what is written is read again', () => {
  const names = oneof(
    constantFrom(':status', 'date', 'server', 'x-a', 'x-b', 'authorization', 'set-cookie', 'content-length'),
    string({ minLength: 1, maxLength: 20, unit: constantFrom(...'abcxyz-019') }),
  );
  const values = oneof(
    constantFrom('', '200', 'a', 'the same again', 'x'.repeat(3_000), 'x'.repeat(70_000), '\xe9\xff'),
    string({ maxLength: 40, unit: 'binary-ascii' }),
  );
  const message = record({
    fields: array(tuple(names, values), { maxLength: 12 }),
    // Now and then the peer says that its table has another size.
    size: oneof(
      { weight: 8, arbitrary: constantFrom(-1) },
      { weight: 1, arbitrary: integer({ min: 0, max: 6_000 }) },
    ),
  });

  it('whatever comes before it, and however large the table is', () => {
    assert(
      property(integer({ min: 0, max: 8_192 }), array(message, { maxLength: 20 }), (limit, messages) => {
        const encoder = new HpackEncoder(limit);
        const decoder = new HpackDecoder(8_192);
        for (const { fields, size } of messages) {
          if (size >= 0) encoder.tableSize = size;
          encoder.begin();
          for (const [name, value] of fields) encoder.add(name, value);
          expect(decode(decoder, encoder.finish()).fields).toEqual(fields);
        }
      }),
    );
  });

  it('in one octet each from the third time on', () => {
    const encoder = new HpackEncoder(4_096);
    const sizes = [1, 2, 3].map(() => {
      encoder.begin();
      encoder.add('x-colour', 'a colour that many words tell');
      encoder.add(':status', '200');
      return encoder.finish().length;
    });
    expect(sizes.at(-1)).toBe(2);
  });

  it('and secrets never go into a table', () => {
    const encoder = new HpackEncoder(4_096);
    for (let turn = 0; turn < 3; turn++) {
      encoder.begin();
      encoder.add('authorization', 'Basic c2VjcmV0');
      encoder.add('x-key', 'another secret', true);
      const block = encoder.finish();
      expect(decode(new HpackDecoder(4_096), block).secrets).toEqual(['authorization', 'x-key']);
    }
  });
});

describe('a block is refused', () => {
  it.each<readonly [string, Buffer]>([
    ['with the index 0', Buffer.from([0x80])],
    ['with an index that nothing has', Buffer.from([0xbe])],
    ['with an index of many octets', Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])],
    ['with an index of zeros without end', Buffer.from([0xff, ...Array.from({ length: 64 }, () => 0x80), 0])],
    ['that ends in a number', Buffer.from([0xff, 0x80])],
    ['that ends in a string', Buffer.from([0x00, 0x05, 0x61])],
    ['that ends before a value', Buffer.from([0x00, 0x01, 0x61])],
    ['whose table grows beyond what was said', Buffer.from([0x3f, 0xe2, 0x1f])],
    ['whose table changes behind a field', Buffer.concat([field('a', 'b'), Buffer.from([0x20])])],
    ['with the end of a string in the Huffman code', Buffer.from([0, 1, 0x61, 0x84, 255, 255, 255, 255])],
    ['with padding that is no padding', Buffer.from([0, 1, 0x61, 0x81, 0x18])],
    ['with eight bits of padding', Buffer.from([0, 1, 0x61, 0x82, 0x1f, 0xff])],
    [
      'with an entry that was thrown out',
      Buffer.concat([indexedField('a', 'b'), indexedField('c', 'x'.repeat(4_096)), Buffer.from([0xbe])]),
    ],
  ])('%s', (_, block) => {
    expect(() => decode(new HpackDecoder(4_096), block)).toThrow(ConnectionError);
  });
});
