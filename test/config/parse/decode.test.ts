import { describe, expect, it } from 'vitest';
import { MAX_FILE_BYTES } from '../../../src/config/parse/bounds.ts';
import { decodeText } from '../../../src/config/parse/decode.ts';

describe('bytes', () => {
  it.each([
    ['UTF-8', Buffer.from('a: ü😀')],
    ['UTF-8 with a mark', Buffer.from('\uFEFFa: ü😀')],
    ['UTF-16, little end first', Buffer.from('\uFEFFa: ü😀', 'utf16le')],
    ['UTF-16, big end first', Buffer.from('\uFEFFa: ü😀', 'utf16le').swap16()],
  ])('in %s become text', (_title, bytes) => {
    expect(decodeText(bytes, 'f')).toEqual({ text: 'a: ü😀' });
  });

  it.each<[string, number[], number, number]>([
    ['a byte that begins nothing', [...Buffer.from('a: 1\r\nbü: '), 0xff, 0x41], 2, 5],
    ['a character that ends too early', [...Buffer.from('x'), 0xe2, 0x82, 0x41], 1, 2],
    ['a character cut off at the end', [...Buffer.from('ab\n'), 0xf0, 0x9f, 0x98], 2, 1],
    ['an overlong form', [0xc0, 0x80], 1, 1],
  ])('that are no UTF-8 are refused at %s', (_title, bytes, line, column) => {
    expect(decodeText(Uint8Array.from(bytes), 'f')).toEqual({
      problem: expect.objectContaining({ check: 'Syntax', level: 'Error', file: 'f', line, column }),
    });
  });

  it('that are too many are refused with the bound', () => {
    const decoded = decodeText(new Uint8Array(MAX_FILE_BYTES + 1), 'f');
    expect('problem' in decoded && decoded.problem.message).toContain(String(MAX_FILE_BYTES));
  });
});
