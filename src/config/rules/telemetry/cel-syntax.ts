/**
 * Checks the syntax of CEL expressions, without evaluating them.
 *
 * The CEL library of the project evaluates the rules of CustomResourceDefinitions. It does not know all that
 * proxies do (`.a.b`, `.5`, messages, quoted fields) and lets `has(a)` pass, and a verdict must be right.
 */

import { CelSyntaxError, tokensOf } from './cel-token.ts';
import type { Token } from './cel-token.ts';

// Bounds the work, and the depth of the recursion, on hostile text.
const MAX_EXPRESSION = 16_384;
const MAX_DEPTH = 100;

const KEYWORDS = new Set(['true', 'false', 'null', 'in']);
const RESERVED = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);
/** Binary operators; how strongly they bind does not change what is an expression. */
const OPERATORS = new Set(['||', '&&', '==', '!=', '<', '<=', '>', '>=', 'in', '+', '-', '*', '/', '%']);
/** Macros whose first argument names a variable, and how many arguments make them one. */
const LOOPS: ReadonlyMap<string, readonly number[]> = new Map([
  ['all', [2]],
  ['exists', [2]],
  ['exists_one', [2]],
  ['filter', [2]],
  ['map', [2, 3]],
]);

/** What an expression is, as far as macros ask. */
type Form = 'name' | 'field' | 'other';

/** What is wrong with an expression, as the end of a sentence; undefined when its syntax is sound. */
export function celProblem(expression: string): string | undefined {
  if (expression.trim() === '') return 'it is empty';
  if (expression.length > MAX_EXPRESSION) return `it is longer than ${MAX_EXPRESSION} characters`;
  try {
    new Parser(tokensOf(expression)).whole();
    return undefined;
  } catch (error) {
    if (error instanceof CelSyntaxError) return error.message;
    throw error;
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): void {
    this.#expression();
    if (this.#next().kind !== 'end') this.#unexpected();
  }

  #expression(): Form {
    if (++this.#depth > MAX_DEPTH)
      throw new CelSyntaxError(`it is nested more than ${MAX_DEPTH} levels deep`);
    let form = this.#operands();
    if (this.#skip('?')) {
      this.#operands();
      this.#expect(':');
      this.#expression();
      form = 'other';
    }
    this.#depth--;
    return form;
  }

  /** Operands with operators between them. */
  #operands(): Form {
    let form = this.#operand();
    while (OPERATORS.has(this.#next().text) && this.#next().kind !== 'other-literal') {
      this.#at++;
      this.#operand();
      form = 'other';
    }
    return form;
  }

  /** Any number of `!`, or of `-`, in front of a member; a number may have a sign besides. */
  #operand(): Form {
    const sign = this.#next().text;
    if (sign !== '!' && sign !== '-') return this.#member();
    while (this.#skip(sign));
    if (sign === '!' && this.#next().text === '-') {
      this.#at++;
      if (!isNumber(this.#next())) this.#unexpected();
    }
    this.#member();
    return 'other';
  }

  #member(): Form {
    let form = this.#primary();
    for (;;) {
      if (this.#skip('.')) form = this.#selection();
      else if (this.#skip('[')) {
        this.#expression();
        this.#expect(']');
        form = 'other';
      } else return form;
    }
  }

  /** What follows a dot: a field, or a function with its arguments. */
  #selection(): Form {
    const field = this.#take();
    if (field.kind === 'quoted') return 'field';
    if (field.kind !== 'name' || KEYWORDS.has(field.text)) this.#unexpected(field);
    if (!this.#skip('(')) return 'field';
    const forms = this.#arguments();
    if (LOOPS.get(field.text)?.includes(forms.length) === true && forms[0] !== 'name') {
      throw new CelSyntaxError(`the first argument of ${field.text}() must be the name of a variable`);
    }
    return 'other';
  }

  #primary(): Form {
    const token = this.#take();
    if (token.kind === 'integer' || token.kind === 'other-literal') return 'other';
    if (token.kind === 'name' && token.text !== 'in') return this.#name(token);
    switch (token.text) {
      case '.': {
        const name = this.#take();
        if (name.kind !== 'name' || KEYWORDS.has(name.text)) this.#unexpected(name);
        return this.#name(name);
      }
      case '(': {
        const form = this.#expression();
        this.#expect(')');
        return form;
      }
      case '[':
        this.#list(']', () => this.#expression());
        return 'other';
      case '{':
        this.#list('}', () => {
          this.#expression();
          this.#value();
        });
        return 'other';
      default:
        return this.#unexpected(token);
    }
  }

  /** A literal word, a variable, a function or the type of a message. */
  #name(token: Token): Form {
    if (KEYWORDS.has(token.text)) return 'other';
    const end = this.#messageStart();
    if (end !== undefined) {
      this.#at = end;
      this.#list('}', () => {
        const field = this.#take();
        if (field.kind !== 'quoted' && (field.kind !== 'name' || KEYWORDS.has(field.text)))
          this.#unexpected(field);
        this.#value();
      });
      return 'other';
    }
    if (RESERVED.has(token.text)) throw new CelSyntaxError(`"${token.text}" is a reserved word`);
    if (!this.#skip('(')) return 'name';
    const forms = this.#arguments();
    if (token.text === 'has' && forms.length === 1 && forms[0] !== 'field') {
      throw new CelSyntaxError('has() asks for a field, as in has(request.headers)');
    }
    return token.text === 'has' && forms.length === 1 ? 'field' : 'other';
  }

  /** Behind the brace of `a.b.Type{`, when the rest of that stands here. */
  #messageStart(): number | undefined {
    let at = this.#at;
    while (this.#tokens[at]?.text === '.' && this.#tokens[at + 1]?.kind === 'name') at += 2;
    return this.#tokens[at]?.text === '{' ? at + 1 : undefined;
  }

  #value(): void {
    this.#expect(':');
    this.#expression();
  }

  /** Arguments up to the closing bracket; no comma behind the last. */
  #arguments(): Form[] {
    const forms: Form[] = [];
    if (this.#skip(')')) return forms;
    do forms.push(this.#expression());
    while (this.#skip(','));
    this.#expect(')');
    return forms;
  }

  /** Items up to the closing bracket; a comma behind the last is allowed, also where there is none. */
  #list(close: string, item: () => unknown): void {
    if (this.#next().text === ',') this.#at++;
    else {
      while (this.#next().text !== close) {
        item();
        if (!this.#skip(',')) break;
      }
    }
    this.#expect(close);
  }

  #next(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '' };
  }

  #take(): Token {
    const token = this.#next();
    this.#at++;
    return token;
  }

  #skip(text: string): boolean {
    const token = this.#next();
    if (token.kind !== 'symbol' || token.text !== text) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#skip(text)) this.#unexpected(this.#next(), text);
  }

  #unexpected(token: Token = this.#next(), wanted?: string): never {
    const instead = wanted === undefined ? '' : ` where "${wanted}" should stand`;
    throw new CelSyntaxError(
      token.kind === 'end' ? `it ends too early${instead}` : `"${token.text}" is out of place${instead}`,
    );
  }
}

function isNumber(token: Token): boolean {
  return token.kind === 'integer' || /^[\d.]/.test(token.text);
}
