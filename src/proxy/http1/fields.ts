/**
 * The field lines of a message: names and values as Envoy 1.40's parser takes them. Lines end with LF, with or
 * without CR before it; a line that begins with white space goes on with the value before it; a CR that stands
 * alone in a value is dropped.
 */

import type { HeaderList } from '../http/header-list.ts';
import { type HeaderName, headerName } from './header-names.ts';
import { INVALID_OR_LONE_CR, type KnownLines } from './known-lines.ts';
import { INVALID_CHARACTERS, MALFORMED, type Refusal, TOO_MANY_HEADERS } from './refusal.ts';

// oxlint-disable no-control-regex -- these are what is looked for
const INVALID = /[\0-\x08\v\f\x0e-\x1f\x7f]/;

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;

/** Where the blank line after the head ends, looking on from `from`, the start of a line; -1 when it has not come. */
export function endOfHead(text: string, from: number): number {
  for (let line = from; ;) {
    const end = text.indexOf('\n', line);
    if (end < 0) return -1;
    if (end === line || (end === line + 1 && text.charCodeAt(line) === CR)) return end + 1;
    line = end + 1;
  }
}

/**
 * As `endOfHead` of a text that begins with a head and may go on with a body, whose bytes are nobody's business there:
 * the usual form, with a CR in each line end, is found at once.
 */
export function quickEndOfHead(text: string): number {
  const usual = text.indexOf('\n\r\n');
  if (usual < 0) return -1;
  const bare = text.indexOf('\n\n');
  return bare < 0 || bare > usual ? usual + 3 : endOfHead(text, 0);
}

/** The start of the last line of the text that has no end yet: where to look on when more has come. */
export function lastLine(text: string): number {
  return text.lastIndexOf('\n') + 1;
}

/**
 * Reads the fields that begin at `from` into the list. The text holds them whole, with the blank line. Gives back
 * where that line ends. What a message of the list's kind has once is joined.
 */
export function readFields(
  text: string,
  from: number,
  list: HeaderList,
  maxCount: number,
  lines: KnownLines,
): number | Refusal {
  lines.areAll = true;
  const end = readLines(text, from, list, maxCount, lines, false);
  if (typeof end !== 'number') return end;
  list.written?.remember(text, from, end);
  if (lines.areAll) return end;
  // Only now is it known how far the fields go: what follows them may be anything.
  const fields = text.slice(from, end);
  if (!INVALID_OR_LONE_CR.test(fields)) return end;
  if (INVALID.test(fields)) return INVALID_CHARACTERS;
  list.names.length = 0;
  list.values.length = 0;
  return readLines(text, from, list, maxCount, lines, true);
}

/** `loneCr`: there is a CR inside a line. */
function readLines(
  text: string,
  from: number,
  list: HeaderList,
  maxCount: number,
  lines: KnownLines,
  loneCr: boolean,
): number | Refusal {
  const { names, values } = list;
  let marks = 0;
  for (let line = from, count = 0; ; count++) {
    const first = text.charCodeAt(line);
    if (first <= SPACE) {
      if (first === LF) return line + 1;
      return first === CR && text.charCodeAt(line + 1) === LF ? line + 2 : MALFORMED;
    }
    const known = lines.find(count, text, line);
    let name: HeaderName | undefined;
    let value: string;
    let next: number;
    if (known === undefined) {
      name = lines.nameAt(count);
      lines.areAll = false;
      let colon = line + (name?.raw.length ?? 0);
      if (name === undefined || !text.startsWith(name.raw, line) || text.charCodeAt(colon) !== COLON) {
        name = undefined;
        colon = text.indexOf(':', line);
      }
      let end = text.indexOf('\n', line);
      if (end < 0 || colon < 0 || colon > end) return MALFORMED;
      next = end + 1;
      let folded = loneCr;
      for (let begins = text.charCodeAt(next); begins === SPACE || begins === TAB;) {
        end = text.indexOf('\n', next);
        if (end < 0) return MALFORMED;
        folded = true;
        next = end + 1;
        begins = text.charCodeAt(next);
      }
      name ??= headerName(text.slice(line, colon));
      if (name === undefined) return MALFORMED;
      let start = colon + 1;
      while (start < end && text.charCodeAt(start) <= SPACE) start++;
      while (end > start && text.charCodeAt(end - 1) <= SPACE) end--;
      value = text.slice(start, end);
      if (folded) value = value.replaceAll(/[\r\n]+/g, '');
      else lines.remember(count, name, text, line, next, value);
    } else {
      ({ name, value } = known);
      next = line + known.line.length;
    }
    const { lower, mark } = name;
    if ((marks & mark) === 0) {
      marks |= mark;
      names.push(lower);
      values.push(value);
    } else {
      list.add(lower, value);
    }
    if (names.length > maxCount) return TOO_MANY_HEADERS;
    line = next;
  }
}
