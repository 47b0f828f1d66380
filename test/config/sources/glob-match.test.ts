import { describe, expect, it } from 'vitest';
import { matchPart, matchParts } from '../../../src/config/sources/glob-match.ts';

describe('a pattern', () => {
  it.each<[string, string, boolean]>([
    ['a', 'a', true],
    ['a', 'b', false],
    ['*', '', true],
    ['*.yaml', 'a.yaml', true],
    ['*.yaml', 'a.yml', false],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1b2b3', false],
    ['?', 'ü', true],
    ['?', '', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[^a-c]x', 'dx', true],
    ['[a-', '[a-', true],
    ['[]]', ']', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['**', 'anything', true],
  ])('%s fits %s: %s', (pattern, text, expected) => {
    expect(matchPart(pattern, text)).toBe(expected);
  });

  it.each<[string, string, boolean]>([
    ['a/b', 'a/b', true],
    ['a/*', 'a/b/c', false],
    ['**/c', 'a/b/c', true],
    ['**/c', 'c', true],
    ['a/**/c', 'a/c', true],
    ['a/**/c/**/d', 'a/x/c/c/y/d', true],
    ['a/**', 'b/c', false],
  ])('%s fits the path %s: %s', (pattern, text, expected) => {
    expect(matchParts(pattern.split('/'), text.split('/'))).toBe(expected);
  });

  it('full of stars is done at once', () => {
    expect(matchPart('*a'.repeat(200), 'a'.repeat(5_000) + 'b')).toBe(false);
  });
});
