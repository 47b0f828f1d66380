/** Offsets of a text to lines and columns. */

import type { Position } from '../object.ts';

/** Offsets so close to the start that counting is cheaper than a table. */
const NEAR = 256;

/** Where the lines of a text begin; LF, CR LF and CR end a line. Made on first use. */
export class LineTable {
  readonly #text: string;
  #starts: readonly number[] | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  at(offset: number): Position {
    if (this.#starts === undefined && offset < NEAR) return countTo(this.#text, offset);
    this.#starts ??= lineStarts(this.#text);
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}

function countTo(text: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (let at = 0; at < offset; at++) {
    if (!endsLine(text, at)) continue;
    line++;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}

function endsLine(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 10 || (code === 13 && text.charCodeAt(at + 1) !== 10);
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = 0; at < text.length; at++) if (endsLine(text, at)) starts.push(at + 1);
  return starts;
}
