import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  elementsOf,
  findMember,
  JsonScanError,
  parseSpan,
  skipSpace,
  skipValue,
} from '../../src/base/json-scan.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

describe('finding parts of a JSON text', () => {
  test('a value ends where it ends, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1), (value, indent) => {
        const text = bytes(JSON.stringify(value, undefined, indent));
        expect(skipValue(Buffer.concat([text, bytes(' ,')]), 0)).toBe(text.length);
      }),
    );
  });

  test('members and elements are those of the value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()), (object, array) => {
        const text = bytes(JSON.stringify(object, undefined, 2));
        for (const [key, value] of Object.entries(JSON.parse(text.toString()) as object)) {
          const start = findMember(text, 0, [key]) ?? -1;
          expect(parseSpan(text, { start, end: skipValue(text, start) })).toEqual(value);
        }
        expect(findMember(text, 0, [Object.keys(object).join('-') + '!'])).toBeUndefined();
        const list = bytes(JSON.stringify(array));
        expect([...elementsOf(list, 0)].map((span) => parseSpan(list, span))).toEqual(
          JSON.parse(list.toString()),
        );
      }),
    );
  });

  test('ends that were noted on the way are those of the values, and spare another look', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.jsonValue())), (value) => {
        const text = bytes(JSON.stringify(value, undefined, 1));
        const scanned = { depth: 1, ends: new Map<number, number>() };
        for (const { start } of elementsOf(text, 0, scanned)) {
          for (const span of elementsOf(text, start)) {
            const isOpen = '[{'.includes(String.fromCharCode(text[span.start] ?? 0));
            expect(scanned.ends.get(span.start)).toBe(isOpen ? span.end : undefined);
          }
          expect([...elementsOf(text, start, scanned)]).toEqual([...elementsOf(text, start)]);
        }
      }),
    );
  });

  test('quotes behind escapes and in long texts end nothing', () => {
    for (const text of [String.raw`"\\"`, String.raw`"\""`, `"${'x'.repeat(200)}\\"${'y'.repeat(200)}"`]) {
      expect(skipValue(bytes(text), 0)).toBe(text.length);
    }
  });

  test.for(['{', '[1, 2', '"open', '}', '', ', 1', '{"a": [1}', '@'])(
    '%j is refused with its place',
    (text) => {
      const read = (): void => {
        const input = bytes(text);
        const end = skipValue(input, skipSpace(input, 0));
        parseSpan(input, { start: 0, end });
      };
      expect(read).toThrow(JsonScanError);
    },
  );

  test('cut off anywhere, a text is refused and never read for ever', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), fc.nat(), (value, at) => {
        const text = JSON.stringify(value);
        const cut = bytes(text.slice(0, at % text.length));
        expect(() => [...elementsOf(cut, 0)]).toThrow(JsonScanError);
      }),
    );
  });
});
