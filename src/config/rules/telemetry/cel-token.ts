/** Splits CEL expressions into tokens. https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax */

export type TokenKind = 'name' | 'quoted' | 'integer' | 'other-literal' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

/** Thrown for text that is no expression; the message is the end of a sentence. */
export class CelSyntaxError extends Error {}

// Each starts with a character of its own, and none can match in two ways, so the work grows with the text.
const SPACE = /(?:[\t\n\f\r ]+|\/\/[^\n]*)+/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const QUOTED_NAME = /`[A-Za-z0-9_.\-/ ]+`/y;
const FLOAT = /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)/y;
const INTEGER = /(?:0x[0-9A-Fa-f]+|\d+)([uU]?)/y;
const SYMBOL = /(?:==|!=|<=|>=|&&|\|\||[-+*/%!<>?:.,()[\]{}])/y;
const STRING_START = /([bB]?)([rR]?)("""|'''|"|')/y;
const ESCAPE = /\\(?:[abfnrtv"'`\\?]|[xX][0-9A-Fa-f]{2}|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|[0-3][0-7]{2})/y;

/** All tokens, the end last. Throws `CelSyntaxError`. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += matchAt(SPACE, text, at)?.[0].length ?? 0;
    if (at >= text.length) break;
    const token = stringAt(text, at) ?? tokenAt(text, at, tokens.at(-1)?.text === '-');
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

function tokenAt(text: string, at: number, negative: boolean): Token {
  const float = matchAt(FLOAT, text, at);
  if (float !== undefined) return { kind: 'other-literal', text: float[0] };
  const integer = matchAt(INTEGER, text, at);
  if (integer !== undefined) {
    const isUnsigned = integer[1] !== '';
    const digits = isUnsigned ? integer[0].slice(0, -1) : integer[0];
    // The smallest signed integer is one further from 0 than the largest.
    const limit = isUnsigned ? 2n ** 64n - 1n : negative ? 2n ** 63n : 2n ** 63n - 1n;
    if (digits.length > 40 || BigInt(digits) > limit)
      throw new CelSyntaxError(`${digits} does not fit into 64 bits`);
    return { kind: isUnsigned ? 'other-literal' : 'integer', text: integer[0] };
  }
  const name = matchAt(NAME, text, at);
  if (name !== undefined) return { kind: 'name', text: name[0] };
  const quoted = matchAt(QUOTED_NAME, text, at);
  if (quoted !== undefined) return { kind: 'quoted', text: quoted[0] };
  const symbol = matchAt(SYMBOL, text, at);
  if (symbol !== undefined) return { kind: 'symbol', text: symbol[0] };
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const hint = character === '=' ? ' (two values are compared with "==")' : '';
  throw new CelSyntaxError(`character ${at + 1}, "${character}", has no meaning${hint}`);
}

function stringAt(text: string, start: number): Token | undefined {
  const opening = matchAt(STRING_START, text, start);
  if (opening === undefined) return undefined;
  const [all, bytes, raw, quote = ''] = opening;
  let at = start + all.length;
  while (!text.startsWith(quote, at)) {
    const character = text[at];
    if (character === undefined || (quote.length === 1 && (character === '\n' || character === '\r'))) {
      throw new CelSyntaxError(`the text that starts at character ${start + 1} has no end`);
    }
    if (character === '\\' && raw === '') at += escapeAt(text, at, bytes !== '');
    else at++;
  }
  return { kind: 'other-literal', text: text.slice(start, at + quote.length) };
}

/** The length of an escape sequence. */
function escapeAt(text: string, at: number, bytes: boolean): number {
  const escape = matchAt(ESCAPE, text, at);
  const code = escape?.[1] ?? escape?.[2];
  const point = code === undefined ? 0 : Number.parseInt(code, 16);
  const isCharacter = point <= 0x10_ffff && (point < 0xd800 || point > 0xdfff);
  if (escape === undefined || !isCharacter || (bytes && code !== undefined)) {
    throw new CelSyntaxError(`"${text.slice(at, at + 2)}" at character ${at + 1} is no escape sequence`);
  }
  return escape[0].length;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
