import * as fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { isPlainRe2, re2Problem } from '../../src/base/re2.ts';

describe('re2Problem', () => {
  test.each([
    '',
    'a',
    '.*',
    '^/api/v[0-9]+(/.*)?$',
    '(?i)^a$',
    '^(.*?;)?(user=jason)(;.*)?$',
    'a{1,1000}',
    '\\pL',
    '[[:alpha:]]',
    '(?P<n>a)',
    '(?<n>a)',
    '\\Qa.b\\E',
    'ü+',
    '((a|b)c)*',
    'a|',
    '[a-]',
  ])('accepts %s', (pattern) => {
    expect(re2Problem(pattern)).toBeUndefined();
  });

  test.each([
    '(',
    ')',
    '[',
    '*',
    'a**',
    'a{1001}',
    '(?=a)',
    '(?!a)',
    '(?<=a)b',
    '(a)\\1',
    '[z-a]',
    '\\',
    '\\8',
    '[[:x:]]',
    '(a{100}){100}',
    '\\p{Zzz}',
    '(?<n>a)(?<n>b)',
    `${'('.repeat(2e3)}${')'.repeat(2e3)}`,
  ])('refuses %s', (pattern) => {
    expect(re2Problem(pattern)).toEqual(expect.any(String));
  });

  test('says the same when asked again', () => {
    expect(re2Problem('(?=b)')).toBe(re2Problem('(?=b)'));
    expect(re2Problem('(?=b)')).toContain('(?=');
  });
});

describe('isPlainRe2', () => {
  test.each(['/api/.*', '^/v[0-9]+$', '.*(a|b).*', 'a\\.b', '[^/]+', 'https?://(www\\.)?a\\.com', '(a|b)+?'])(
    'knows %s by sight',
    (pattern) => {
      expect(isPlainRe2(pattern)).toBe(true);
    },
  );

  test.each(['((a))', '(?i)a', 'a{2}', '[z-a]', '*', 'a**', '(a', '\\pL', 'a'.repeat(1025)])(
    'leaves %s to the parser',
    (pattern) => {
      expect(isPlainRe2(pattern)).toBe(false);
    },
  );

  test('calls nothing plain that the parser refuses', () => {
    const part = fc.constantFrom(
      'a',
      'z',
      '.',
      '*',
      '+',
      '?',
      '??',
      '^',
      '$',
      '(',
      ')',
      '(?:',
      '|',
      '[',
      '[^',
      ']',
      '-',
      'a-z',
      '0-9',
      '\\d',
      '\\.',
      '\\',
      '{2}',
      '/',
      '\\p',
      '_',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 10 }), (parts) => {
        const pattern = parts.join('');
        if (isPlainRe2(pattern)) expect(() => RE2JS.compile(pattern)).not.toThrow();
      }),
      { numRuns: 20_000 },
    );
  });
});
