import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { patternText } from '../../../src/config/checks/pattern-text.ts';

describe('what a pattern asks for', () => {
  it.each([
    ['^([a-f0-9]{64})?$', 'is no SHA-256 sum: 64 digits and letters a to f'],
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'may have only lower-case letters, digits and inner dashes'],
    ['^[-_A-Za-z0-9]+$', 'may have only letters, digits, dashes and underscores'],
  ])('%s is said in words', (pattern, text) => {
    expect(patternText(pattern)).toBe(text);
  });

  it('is shown as it is where no words are known', () => {
    expect(patternText('^x+$')).toBe('does not match the pattern ^x+$');
  });

  it('is said in words for every pattern of the kinds of Istio that are served today', () => {
    const wordless = ['networking', 'security', 'telemetry', 'extensions'].flatMap((group) => {
      const folder = join('schemas', `${group}.istio.io`);
      return readdirSync(folder).flatMap((file) => {
        const text = readFileSync(join(folder, file), 'utf8');
        return [...text.matchAll(/"pattern": ("(?:[^"\\]|\\.)*")/g)]
          .map(([, quoted = '']) => JSON.parse(quoted) as string)
          .filter((pattern) => patternText(pattern).startsWith('does not match'))
          .map((pattern) => `${file} ${pattern}`);
      });
    });
    expect(wordless).toEqual([]);
  });
});
