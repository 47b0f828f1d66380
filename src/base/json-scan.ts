/**
 * Finds the parts of a JSON text without reading all of it into values: dumps of proxies are tens of megabytes, of
 * which a question needs one part. Positions are offsets of bytes.
 */

/** A value in a text: from its first byte to the one after its last. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

/** The text is not JSON; `offset` is where that shows. */
export class JsonScanError extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** The offset of the first byte that is no white space. */
export function skipSpace(text: Buffer, offset: number): number {
  let at = offset;
  for (let byte = text[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = text[at])
    at++;
  return at;
}

/** Where objects and lists begin that stand `depth` brackets deep in a value, each with the offset after it. */
export interface ScannedEnds {
  readonly depth: number;
  readonly ends: Map<number, number>;
}

/**
 * The offset after the value that begins at `offset`. With `scanned` the ends of what is in it are noted, so that
 * they need not be looked for again. Throws a `JsonScanError` when the value does not end.
 */
export function skipValue(text: Buffer, offset: number, scanned?: ScannedEnds): number {
  const noted = scanned?.depth ?? -1;
  let begin = 0;
  let depth = 0;
  let at = offset;
  for (;;) {
    const byte = text[at];
    switch (byte) {
      case undefined:
        throw new JsonScanError(at, 'the text ends in the middle of a value');
      case QUOTE:
        at = skipString(text, at);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (depth === noted) begin = at;
        depth++;
        at++;
        continue;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--;
        at++;
        if (depth === noted) scanned?.ends.set(begin, at);
        break;
      case COMMA:
      case COLON:
      case 0x20:
      case 0x0a:
      case 0x0d:
      case 0x09:
        if (depth === 0) throw new JsonScanError(at, 'a value is missing');
        at++;
        continue;
      default:
        at = skipWord(text, at);
    }
    if (depth === 0) return at;
    if (depth < 0) throw new JsonScanError(at - 1, 'a bracket closes what is not open');
  }
}

/** Most texts are short, and a loop over these is faster than a search. */
const SHORT = 64;

function skipString(text: Buffer, offset: number): number {
  const soon = offset + SHORT;
  for (let at = offset + 1; at < soon; at++) {
    const byte = text[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at++;
  }
  return skipLongString(text, offset);
}

function skipLongString(text: Buffer, offset: number): number {
  for (let at = text.indexOf(QUOTE, offset + 1); at >= 0; at = text.indexOf(QUOTE, at + 1)) {
    let escapes = 0;
    while (text[at - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return at + 1;
  }
  throw new JsonScanError(offset, 'a text is not closed');
}

function skipWord(text: Buffer, offset: number): number {
  let at = offset;
  for (let byte = text[at]; byte !== undefined && isWord(byte); byte = text[at]) at++;
  if (at === offset) throw new JsonScanError(at, 'this is no JSON');
  return at;
}

/** Letters, digits and signs of numbers and of true, false, null. */
function isWord(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x45
  );
}

/** Whether the value at an offset is an object. */
export function isObjectAt(text: Buffer, offset: number): boolean {
  return text[offset] === OPEN_BRACE;
}

/**
 * Where the value of the first member with one of these keys begins; undefined when there is none. What follows is
 * not looked at.
 */
export function findMember(text: Buffer, offset: number, keys: readonly string[]): number | undefined {
  for (const { key, start } of keysOf(text, offset)) if (keys.includes(key)) return start;
  return undefined;
}

/** Keys and where their values begin. A value is passed over only when the next key is asked for. */
function* keysOf(
  text: Buffer,
  offset: number,
): Generator<{ readonly key: string; readonly start: number }, void, void> {
  if (text[offset] !== OPEN_BRACE) throw new JsonScanError(offset, 'an object is expected');
  let at = skipSpace(text, offset + 1);
  if (text[at] === CLOSE_BRACE) return;
  for (;;) {
    if (text[at] !== QUOTE) throw new JsonScanError(at, 'the name of a field is expected');
    const keyEnd = skipString(text, at);
    const key = parseSpan(text, { start: at, end: keyEnd }) as string;
    const colon = skipSpace(text, keyEnd);
    if (text[colon] !== COLON) throw new JsonScanError(colon, 'a colon is expected');
    const start = skipSpace(text, colon + 1);
    yield { key, start };
    at = skipSpace(text, skipValue(text, start));
    if (text[at] === CLOSE_BRACE) return;
    if (text[at] !== COMMA) throw new JsonScanError(at, 'a comma or the end of the object is expected');
    at = skipSpace(text, at + 1);
  }
}

/**
 * The elements of the array that begins at `offset`; none for null. Ends that are in `scanned` are taken from there,
 * and with its depth those of what is in the elements are noted.
 */
export function* elementsOf(
  text: Buffer,
  offset: number,
  scanned?: ScannedEnds,
): Generator<JsonSpan, void, void> {
  if (text[offset] !== OPEN_BRACKET) {
    if (text.toString('latin1', offset, offset + 4) === 'null') return;
    throw new JsonScanError(offset, 'a list is expected');
  }
  let at = skipSpace(text, offset + 1);
  if (text[at] === CLOSE_BRACKET) return;
  for (;;) {
    const end = scanned?.ends.get(at) ?? skipValue(text, at, scanned);
    yield { start: at, end };
    at = skipSpace(text, end);
    if (text[at] === CLOSE_BRACKET) return;
    if (text[at] !== COMMA) throw new JsonScanError(at, 'a comma or the end of the list is expected');
    at = skipSpace(text, at + 1);
  }
}

/** The value of a part of the text. Throws a `JsonScanError` when it is no JSON. */
export function parseSpan(text: Buffer, { start, end }: JsonSpan): unknown {
  try {
    return JSON.parse(text.toString('utf8', start, end));
  } catch (error) {
    throw new JsonScanError(start, (error as Error).message);
  }
}
