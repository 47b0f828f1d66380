import { describe, expect, it } from 'vitest';
import { isDnsLabel, labelKeyProblem, labelValueProblem } from '../../src/base/labels.ts';

describe('a DNS label', () => {
  it.each(['a', 'A', '0', 'a-b', 'x'.repeat(63)])('is %s', (text) => {
    expect(isDnsLabel(text)).toBe(true);
  });

  it.each(['', '-a', 'a-', 'a.b', 'a_b', '*', 'é', 'x'.repeat(64)])('is not %j', (text) => {
    expect(isDnsLabel(text)).toBe(false);
  });
});

describe('the key of a label', () => {
  it.each(['app', 'App_1.x-y', '1', 'example.com/app', 'a/b', `${'x'.repeat(63)}`, 'A.B/c'])(
    'may be %s',
    (key) => {
      expect(labelKeyProblem(key)).toBeUndefined();
    },
  );

  it.each([
    ['', 'has no name'],
    ['a/', 'has no name'],
    ['/a', 'prefix'],
    ['a/b/c', 'letters'],
    ['-a', 'letters'],
    ['a-', 'letters'],
    ['a b', 'letters'],
    ['*', 'letters'],
    ['a..b/c', 'prefix'],
    [`${'a'.repeat(254)}/c`, 'prefix longer than 253'],
    ['x'.repeat(64), 'name longer than 63'],
  ])('may not be %j', (key, words) => {
    expect(labelKeyProblem(key)).toContain(words);
  });
});

describe('the value of a label', () => {
  it.each(['', 'v1', '1', 'a_b.c-d', 'V'])('may be %j', (value) => {
    expect(labelValueProblem(value)).toBeUndefined();
  });

  it.each(['-', '.a', 'a.', 'a b', 'a/b', '^', 'ä'])('may not be %j', (value) => {
    expect(labelValueProblem(value)).toContain('letters');
  });
});
