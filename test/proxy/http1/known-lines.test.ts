/** Fields that are read where the message before had the same, or nearly the same. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderList } from '../../../src/proxy/http/header-list.ts';
import { readFields } from '../../../src/proxy/http1/fields.ts';
import { KnownLines } from '../../../src/proxy/http1/known-lines.ts';
import { Refusal } from '../../../src/proxy/http1/refusal.ts';

function read(text: string, lines: KnownLines): readonly (readonly [string, string])[] | string {
  const list = new HeaderList();
  const end = readFields(text, 0, list, 100, lines);
  return end instanceof Refusal ? end.details : [...list.entries()];
}

/** As often as it takes for all that can be known to be known. */
function readOften(text: string, lines: KnownLines): void {
  for (let time = 0; time < 4; time++) read(text, lines);
}

const USUAL = 'Host: a.example\r\nUser-Agent: curl\r\nAccept: */*\r\n\r\n';

describe('lines that are known', () => {
  it('are read as they were', () => {
    const lines = new KnownLines();
    const first = read(USUAL, lines);
    readOften(USUAL, lines);
    expect(lines.areAll).toBe(true);
    expect(read(USUAL, lines)).toEqual(first);
  });

  const table: readonly (readonly [what: string, text: string])[] = [
    ['goes on in the next line', 'Host: a.example\r\n  more\r\nUser-Agent: curl\r\nAccept: */*\r\n\r\n'],
    ['goes on behind a tab', 'Host: a.example\r\n\tmore\r\nUser-Agent: curl\r\nAccept: */*\r\n\r\n'],
    ['goes on in an empty line', 'Host: a.example\r\n \r\nUser-Agent: curl\r\nAccept: */*\r\n\r\n'],
    ['ends otherwise', 'Host: a.example\nUser-Agent: curl\r\nAccept: */*\r\n\r\n'],
    ['is written otherwise', 'host: a.example\r\nUser-Agent: curl\r\nAccept: */*\r\n\r\n'],
    ['begins another value', 'Host: a.example.org\r\nUser-Agent: curl\r\nAccept: */*\r\n\r\n'],
    ['stands elsewhere', 'User-Agent: curl\r\nHost: a.example\r\nAccept: */*\r\n\r\n'],
    ['comes twice', 'Host: a.example\r\nHost: a.example\r\nAccept: */*\r\n\r\n'],
    ['stands before a bad byte', 'Host: a.example\r\nUser-Agent: cu\0rl\r\nAccept: */*\r\n\r\n'],
    ['stands before a lone CR', 'Host: a.example\r\nUser-Agent: cu\rrl\r\nAccept: */*\r\n\r\n'],
    ['stands before no field', 'Host: a.example\r\nUser-Agent curl\r\nAccept: */*\r\n\r\n'],
    ['is the last', 'Host: a.example\r\n\r\n'],
  ];

  it.each(table)('change nothing where one of them %s', (_, text) => {
    const lines = new KnownLines();
    readOften(USUAL, lines);
    const wanted = read(text, new KnownLines());
    for (let time = 0; time < 6; time++) expect(read(text, lines)).toEqual(wanted);
  });

  it('are none with bytes that may not be there', () => {
    const lines = new KnownLines();
    const text = 'Host: a\x01b\r\n\r\n';
    readOften(text, lines);
    expect(read(text, lines)).toBe(read(text, new KnownLines()));
    expect(lines.areAll).toBe(false);
  });

  it('are none that tell secrets', () => {
    const lines = new KnownLines();
    const text = 'Authorization: Bearer of-somebody\r\n\r\n';
    readOften(text, lines);
    expect(lines.find(0, text, 0)).toBeUndefined();
  });

  it('give way to others, and come again', () => {
    const lines = new KnownLines();
    const of = (agent: string) => `User-Agent: ${agent}\r\n\r\n`;
    readOften(of('one'), lines);
    readOften(of('two'), lines);
    expect(lines.find(0, of('two'), 0)?.value).toBe('two');
    for (let count = 0; count < 100; count++) read(of(String(count)), lines);
    readOften(of('one'), lines);
    expect(read(of('one'), lines)).toEqual([['user-agent', 'one']]);
  });
});

describe('messages one after another', () => {
  const piece = fc.constantFrom(
    'A',
    'b-c',
    ':',
    ': ',
    '\r\n',
    '\n',
    '\r',
    ' ',
    '\t',
    'x',
    'value',
    '\0',
    '\r\n\r\n',
  );
  const message = fc.array(piece, { maxLength: 14 }).map((pieces) => `${pieces.join('')}\r\n\r\n`);

  it('are each read as if it were the first', () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 3 }),
        fc.array(fc.nat(2), { maxLength: 12 }),
        (few, order) => {
          const lines = new KnownLines();
          for (const index of order) {
            const text = few[index];
            if (text !== undefined) expect(read(text, lines)).toEqual(read(text, new KnownLines()));
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
