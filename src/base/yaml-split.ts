/** Cuts a YAML stream at its document marks, so that a broken document leaves the others readable. */

/** One document's text, mark included: `text.slice(start, end)` of the file. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
  /** Line of `start`, from 1. */
  readonly line: number;
}

/**
 * The chunks of a text, at most `limit` and one more. A line that begins with `---` starts a document
 * wherever it stands (YAML forbids it inside scalars); directives before it belong to it.
 */
export function splitDocuments(text: string, limit: number): readonly Chunk[] {
  const starts = [0];
  const hasDirectives = text.startsWith('%') || text.includes('\n%') || text.includes('\r%');
  for (let at = text.indexOf('---'); at >= 0 && starts.length <= limit; at = text.indexOf('---', at + 3)) {
    if (!isMark(text, at)) continue;
    const start = hasDirectives ? directivesBefore(text, at, starts.at(-1) ?? 0) : at;
    if (start > 0) starts.push(start);
  }
  // Asked once for the whole text: looking ahead from each chunk would make the time quadratic.
  const hasReturns = text.includes('\r');
  const chunks: Chunk[] = [];
  let line = 1;
  for (const [index, start] of starts.entries()) {
    const end = starts[index + 1] ?? text.length;
    chunks.push({ start, end, line });
    line += countLines(text, start, end, hasReturns);
  }
  return chunks;
}

function isMark(text: string, at: number): boolean {
  if (at > 0 && !isBreak(text.charCodeAt(at - 1))) return false;
  const after = text.charCodeAt(at + 3);
  return Number.isNaN(after) || after === 32 || after === 9 || isBreak(after);
}

/** Where the `%` lines that precede a mark begin; the mark itself when there are none. */
function directivesBefore(text: string, mark: number, floor: number): number {
  let start = mark;
  for (let lineEnd = mark; lineEnd > floor;) {
    let lineStart = lineEnd - 1;
    while (lineStart > floor && !isBreak(text.charCodeAt(lineStart - 1))) lineStart--;
    const line = text.slice(lineStart, lineEnd).trim();
    if (line.startsWith('%')) start = lineStart;
    else if (line !== '' && !line.startsWith('#')) return line === '...' ? start : mark;
    lineEnd = lineStart;
  }
  return start;
}

function isBreak(code: number): boolean {
  return code === 10 || code === 13;
}

/** Line breaks (LF, CR LF or CR) between two offsets. */
function countLines(text: string, start: number, end: number, hasReturns: boolean): number {
  let lines = 0;
  if (!hasReturns) {
    for (let at = text.indexOf('\n', start); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) lines++;
    return lines;
  }
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 10 || (code === 13 && text.charCodeAt(at + 1) !== 10)) lines++;
  }
  return lines;
}
