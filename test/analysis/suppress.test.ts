import { describe, expect, it } from 'vitest';
import { globMatches } from '../../src/analysis/suppress.ts';

describe('the glob of a suppression', () => {
  it.each([
    ['Pod a/b', 'Pod a/b', true],
    ['Pod a/b', 'Pod a/bc', false],
    ['*', 'anything at all', true],
    ['Pod *', 'Pod a/b', true],
    ['* a/b', 'Pod a/b', true],
    ['Pod */b*c', 'Pod a/b-x-c', true],
    ['Pod */b*c', 'Pod a/b-x', false],
    ['a*b*b', 'ab', false],
    ['a*a', 'a', false],
    ['', 'x', false],
  ])('%s matches %s: %s', (glob, text, expected) => {
    expect(globMatches(glob, text)).toBe(expected);
  });
});
