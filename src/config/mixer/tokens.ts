/** Splits an attribute expression into tokens. The language is a part of Go's expressions, and so are its words. */

import type { Span } from './expression.ts';

export type TokenKind = 'name' | 'integer' | 'float' | 'text' | 'symbol' | 'line break' | 'end';

export interface Token extends Span {
  readonly kind: TokenKind;
  /** As written; of a text, what it stands for. */
  readonly text: string;
}

/** Thrown inside this folder only; `parseExpression` turns it into a problem. */
export class ExpressionFault extends Error {
  readonly span: Span;
  readonly hint: string | undefined;

  constructor(message: string, span: Span, hint?: string) {
    super(message);
    this.span = span;
    this.hint = hint;
  }
}

const SPACE = /[ \t\r]+|\/\/[^\n]*|\/\*[^]*?\*\//y;
// `$` begins the names of an adapter's output in attribute bindings; elsewhere there are no such names.
const NAME = /\$?[\p{L}_][\p{L}\p{Nd}_]*/uy;
const FLOAT = /\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+/y;
const INTEGER = /\d+/y;
const SYMBOL = /==|!=|<=|>=|&&|\|\||[-|<>+*/%!&^()[\],.=:;{}?$~@#\\]/y;
const PLAIN_TEXT = /[^"\\\n]+/y;

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '	',
  v: '\v',
  '\\': '\\',
  '"': '"',
};
const CODE_ESCAPE = /x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{3})/y;

/** All tokens up to and with the end. Throws an `ExpressionFault` at the first thing that is no token. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const token = source[at] === '\n' ? lineBreak(at, tokens.at(-1)) : readToken(source, at);
    if (token.kind !== 'end') tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: 'end', text: '', start: at, end: at });
  return tokens;
}

/** As in Go, a line break behind an operand ends the expression; elsewhere it is space. */
function lineBreak(at: number, before: Token | undefined): Token {
  const ends =
    before !== undefined && (before.kind !== 'symbol' || before.text === ')' || before.text === ']');
  return {
    kind: ends && before.kind !== 'line break' ? 'line break' : 'end',
    text: '\n',
    start: at,
    end: at + 1,
  };
}

/** The token at `at`; space and comments come as kind `end`, to be skipped. */
function readToken(source: string, at: number): Token {
  const read = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  const space = read(SPACE);
  if (space !== undefined) return { kind: 'end', text: '', start: at, end: at + space.length };
  for (const [kind, pattern] of [
    ['name', NAME],
    ['float', FLOAT],
    ['integer', INTEGER],
  ] as const) {
    const text = read(pattern);
    if (text === undefined) continue;
    const token = { kind, text, start: at, end: at + text.length };
    if (kind !== 'name') checkNumberEnd(source, token);
    return token;
  }
  if (source[at] === '"') return readText(source, at);
  if (source[at] === '`') return readRawText(source, at);
  if (source[at] === "'") return readCharacter(source, at);
  const symbol = read(SYMBOL);
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, start: at, end: at + symbol.length };
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0);
  throw new ExpressionFault(`${JSON.stringify(character)} has no meaning here`, {
    start: at,
    end: at + character.length,
  });
}

function checkNumberEnd(source: string, token: Token): void {
  NAME.lastIndex = token.end;
  const rest = NAME.exec(source)?.[0];
  if (rest === undefined) return;
  const whole = { start: token.start, end: token.end + rest.length };
  throw new ExpressionFault(
    `${source.slice(whole.start, whole.end)} is no number`,
    whole,
    'Numbers are decimal; text and spans of time stand in double quotes, as "5s".',
  );
}

function readText(source: string, start: number): Token {
  let text = '';
  let at = start + 1;
  for (;;) {
    PLAIN_TEXT.lastIndex = at;
    const plain = PLAIN_TEXT.exec(source)?.[0] ?? '';
    text += plain;
    at += plain.length;
    if (source[at] === '"') return { kind: 'text', text, start, end: at + 1 };
    if (source[at] !== '\\') {
      throw new ExpressionFault('the text has no closing double quote', { start, end: at }, 'Add a `"`.');
    }
    const escape = readEscape(source, at, '"');
    text += escape.text;
    at = escape.end;
  }
}

function readEscape(source: string, at: number, quote: string): { text: string; end: number } {
  const letter = source[at + 1] ?? '';
  if (letter === quote) return { text: quote, end: at + 2 };
  const simple = letter !== '"' && Object.hasOwn(SIMPLE_ESCAPES, letter) ? SIMPLE_ESCAPES[letter] : undefined;
  if (simple !== undefined) return { text: simple, end: at + 2 };
  CODE_ESCAPE.lastIndex = at + 1;
  const code = CODE_ESCAPE.exec(source);
  const value = code === null ? Number.NaN : codeOf(code);
  if (code === null || Number.isNaN(value)) {
    const span = { start: at, end: Math.min(at + 2, source.length) };
    throw new ExpressionFault(
      `${source.slice(span.start, span.end)} is no escape of a character`,
      span,
      'Write a backslash as `\\\\`, or put the text in backquotes.',
    );
  }
  return { text: String.fromCodePoint(value), end: at + 1 + code[0].length };
}

function codeOf(match: RegExpExecArray): number {
  const [, byte, four, eight, octal] = match;
  const value =
    octal === undefined ? Number.parseInt(byte ?? four ?? eight ?? '', 16) : Number.parseInt(octal, 8);
  if (octal !== undefined && value > 0xff) return Number.NaN;
  return value > 0x10_ffff || (value >= 0xd800 && value <= 0xdfff) ? Number.NaN : value;
}

function readRawText(source: string, start: number): Token {
  const end = source.indexOf('`', start + 1);
  if (end < 0) {
    throw new ExpressionFault(
      'the text has no closing backquote',
      { start, end: source.length },
      'Add a `` ` ``.',
    );
  }
  return { kind: 'text', text: source.slice(start + 1, end).replaceAll('\r', ''), start, end: end + 1 };
}

/** A single character in single quotes, which is a text; longer ones do not exist. */
function readCharacter(source: string, start: number): Token {
  const first = source.codePointAt(start + 1);
  if (first !== undefined && first !== 0x27 && first !== 0x0a) {
    const content =
      first === 0x5c
        ? readEscape(source, start + 1, "'")
        : { text: String.fromCodePoint(first), end: start + (first > 0xffff ? 3 : 2) };
    if (source[content.end] === "'") return { kind: 'text', text: content.text, start, end: content.end + 1 };
  }
  const close = source.indexOf("'", start + 1);
  throw new ExpressionFault(
    'single quotes hold one character only',
    { start, end: close < 0 ? source.length : close + 1 },
    'Put text in double quotes.',
  );
}
