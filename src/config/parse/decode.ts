/** Bytes to text: UTF-8 (or UTF-16 where a mark says so), refused with the place of the first bad byte. */

import { Buffer, isUtf8 } from 'node:buffer';
import { MAX_FILE_BYTES } from './bounds.ts';
import type { Problem } from './problem.ts';

const BYTE_ORDER_MARK = 0xfeff;

export type Decoded = { readonly text: string } | { readonly problem: Problem };

/** The text of a file, without its byte order mark. */
export function decodeText(bytes: Uint8Array, file: string): Decoded {
  if (bytes.length > MAX_FILE_BYTES) {
    return {
      problem: {
        check: 'Syntax',
        level: 'Error',
        file,
        message: `the file has ${bytes.length} bytes, more than the ${MAX_FILE_BYTES} that are read`,
        hint: 'Split it into several files.',
      },
    };
  }
  const encoding = encodingOf(bytes);
  if (encoding === 'utf-8' && isUtf8(bytes)) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
    return { text: text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text };
  }
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes) };
  } catch {
    const { line, column } = firstBadByte(bytes, encoding);
    return {
      problem: {
        check: 'Syntax',
        level: 'Error',
        file,
        line,
        column,
        message: `the text is not valid ${encoding.toUpperCase()}`,
        hint: 'Save the file as UTF-8.',
      },
    };
  }
}

function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

/** Decodes as far as it goes: the first replacement mark that the bytes do not spell out is the fault. */
function firstBadByte(bytes: Uint8Array, encoding: string): { line: number; column: number } {
  let low = 0;
  let high = bytes.length;
  // The longest prefix that decodes (an unfinished character at its end does not count) by bisection.
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (decodes(bytes.subarray(0, middle), encoding)) low = middle;
    else high = middle - 1;
  }
  const text = new TextDecoder(encoding).decode(bytes.subarray(0, low), { stream: true });
  const lines = text.split(/\r\n|\r|\n/);
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

function decodes(bytes: Uint8Array, encoding: string): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
