import { describe, expect, it } from 'vitest';
import { printable } from '../../src/base/printable.ts';

describe('printable text', () => {
  it.each([
    ['plain ü 😀 "quoted"', 'plain ü 😀 "quoted"'],
    ['two\nlines\tand a tab', 'two\\nlines\\tand a tab'],
    ['\u001b[31mred\u0007\u009b', '\\u{1b}[31mred\\u{7}\\u{9b}'],
    ['turned \u202e round \u2066\u2028', 'turned \\u{202e} round \\u{2066}\\u{2028}'],
    ['x'.repeat(3_000), `${'x'.repeat(1_997)}...`],
  ])('of %j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });
});
