import fc from 'fast-check';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { toYamlText } from '../../src/install/yaml-text.ts';

const TEXTS = [
  '',
  ' ',
  'a',
  'a b',
  ' a',
  'a ',
  'a: b',
  'a:',
  ':a',
  'a #b',
  '#a',
  '- a',
  '-',
  '--a',
  '---',
  '...',
  '--domain',
  'true',
  'False',
  'yes',
  'No',
  'on',
  'OFF',
  'y',
  'n',
  'null',
  '~',
  '1',
  '-1',
  '1.5',
  '1e3',
  '0x1f',
  '0o7',
  '.5',
  '.inf',
  '1_000',
  '100m',
  '128Mi',
  '2024-01-31',
  '12:30:45',
  '10.0.0.0/8',
  'istiod:15012',
  '{a}',
  '[a]',
  '*a',
  '&a',
  '!a',
  '%a',
  '@a',
  '`a',
  '|',
  '>',
  '?',
  '? a',
  '=',
  '<<',
  "'a'",
  '"a"',
  'a\\b',
  '$(A)',
  'a\nb',
  'a\nb\n',
  'a\n\n',
  '\n',
  '\na',
  ' a\nb',
  'a \nb',
  'a\n b\n',
  '\ta\nb',
  'a\tb',
  'a\rb',
  'a\r\nb',
  'é',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\ud800',
  '🎉',
  '\u0000',
];

describe('YAML', () => {
  test.each(TEXTS)('keeps the text %j, as key, value and list item', (text) => {
    for (const value of [text, { key: text, list: [text, [text], { text }] }, { [text]: 1 }]) {
      expect(load(toYamlText(value))).toEqual(value);
    }
  });

  test('keeps any data, and is the same for the same data', () => {
    const data = fc
      .jsonValue({ maxDepth: 4 })
      .filter((value) => !JSON.stringify(value).includes('__proto__'));
    fc.assert(
      fc.property(data, (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(load(toYamlText(plain))).toEqual(plain);
        expect(toYamlText(structuredClone(plain))).toBe(toYamlText(plain));
      }),
      { numRuns: 300, seed: 4 },
    );
  });

  test('is written as people write it', () => {
    expect(toYamlText({ a: { b: ['x', { c: 1, d: [] }], text: 'one\ntwo\n' }, e: {}, gone: undefined })).toBe(
      'a:\n  b:\n  - x\n  - c: 1\n    d: []\n  text: |\n    one\n    two\ne: {}\n',
    );
  });
});
