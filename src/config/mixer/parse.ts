/** Parses attribute expressions (CEXL) into trees, with the place of every part. */

import { parseDuration } from '../../base/duration.ts';
import type { Expression, ExpressionProblem, Literal, Operator, Span } from './expression.ts';
import { ExpressionFault, tokenize } from './tokens.ts';
import type { Token } from './tokens.ts';

/** Longest expression that is read, in UTF-16 units. */
export const MAX_EXPRESSION = 32_768;
/** Deepest tree: also the longest chain of one operator. */
export const MAX_DEPTH = 500;

export type ParsedExpression =
  | { readonly expression: Expression; readonly problem?: undefined }
  | { readonly expression?: undefined; readonly problem: ExpressionProblem };

/** Go's order of binary operators, weakest first; those that the language lacks are refused by name. */
const PRECEDENCE: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '+': 4,
  '-': 4,
  '|': 4,
  '^': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  '&': 5,
};
const OPERATORS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', '&&', '||', '|', '+']);
const MAX_INT64 = 2n ** 63n - 1n;

/**
 * The tree of an expression, or the first thing that is wrong with it. Never throws; takes time in proportion
 * to the text. Grammar: https://archive.istio.io/v1.4/docs/reference/config/policy-and-telemetry/expression-language/
 */
export function parseExpression(source: string): ParsedExpression {
  if (source.length > MAX_EXPRESSION) {
    const span = { start: MAX_EXPRESSION, end: source.length };
    return { problem: { level: 'Error', message: `is longer than ${MAX_EXPRESSION} characters`, span } };
  }
  try {
    return { expression: new Parser(source).whole() };
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    const { message, span, hint } = error;
    return { problem: { level: 'Error', message, span, ...(hint === undefined ? {} : { hint }) } };
  }
}

/** A tree and its depth. */
interface Part {
  readonly tree: Expression;
  readonly depth: number;
}

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #nesting = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokenize(source);
  }

  whole(): Expression {
    const { tree } = this.#binary(1);
    const [last, after] = this.#tokens.slice(this.#next, this.#next + 2);
    // A line break at the very end does no harm.
    if (last?.kind !== 'end' && !(last?.kind === 'line break' && after?.kind === 'end')) this.#unexpected();
    return tree;
  }

  #peek(): Token {
    const token = this.#tokens[this.#next] ?? this.#tokens.at(-1);
    if (token === undefined) throw new ExpressionFault('is empty', { start: 0, end: 0 });
    return token;
  }

  #is(symbol: string): boolean {
    const token = this.#peek();
    return token.kind === 'symbol' && token.text === symbol;
  }

  #expect(symbol: string, opened: Token): Token {
    const token = this.#peek();
    if (!this.#is(symbol)) {
      if (token.kind === 'end')
        throw new ExpressionFault(
          `${JSON.stringify(opened.text)} is never closed`,
          opened,
          `Add a \`${symbol}\`.`,
        );
      this.#unexpected();
    }
    this.#next += 1;
    return token;
  }

  #unexpected(): never {
    const token = this.#peek();
    if (token.kind === 'end') {
      const empty = this.#source.trim() === '';
      throw new ExpressionFault(empty ? 'is empty' : 'ends where a value is missing', token);
    }
    if (token.kind === 'line break') {
      const hint = 'Put the operator at the end of the line before, or write it all on one line.';
      throw new ExpressionFault('a line break ends the expression here', token, hint);
    }
    if (token.text === '=') throw new ExpressionFault('"=" is no operator', token, 'Compare with `==`.');
    const what = token.kind === 'text' ? 'a text' : JSON.stringify(token.text.slice(0, 40));
    throw new ExpressionFault(
      `${what} does not belong here`,
      token,
      hintFor(token, this.#tokens[this.#next - 1]),
    );
  }

  /** Operators of this precedence and above; those of equal precedence go from left to right. */
  #binary(lowest: number): Part {
    let left = this.#unary();
    for (;;) {
      const operator = this.#peek();
      const precedence = operator.kind === 'symbol' ? (PRECEDENCE[operator.text] ?? 0) : 0;
      if (precedence < lowest) return left;
      if (!isOperator(operator.text)) throw noOperator(operator);
      this.#next += 1;
      const right = this.#binary(precedence + 1);
      const span = { start: left.tree.span.start, end: right.tree.span.end };
      const at = { start: operator.start, end: operator.end };
      const tree: Expression = {
        kind: 'operation',
        operator: operator.text,
        left: left.tree,
        right: right.tree,
        span,
        at,
      };
      left = this.#deeper(tree, left, right);
    }
  }

  #unary(): Part {
    const token = this.#peek();
    if (token.kind === 'symbol' && ['!', '-', '+', '*', '&', '^'].includes(token.text)) throw noPrefix(token);
    return this.#suffixes(this.#operand());
  }

  #operand(): Part {
    const token = this.#peek();
    switch (token.kind) {
      case 'integer':
      case 'float':
      case 'text':
        this.#next += 1;
        return { tree: { kind: 'literal', literal: literalOf(token), span: spanOf(token) }, depth: 1 };
      case 'name':
        this.#next += 1;
        return { tree: nameOf(token), depth: 1 };
      case 'symbol':
        if (token.text === '(') return this.#parenthesized(token);
    }
    return this.#unexpected();
  }

  #parenthesized(open: Token): Part {
    this.#next += 1;
    const inner = this.#nested(() => this.#binary(1));
    const close = this.#expect(')', open);
    return { tree: { ...inner.tree, span: { start: open.start, end: close.end } }, depth: inner.depth };
  }

  /** What may follow an operand: `.name`, `.method(…)`, `(…)` and `[…]`. */
  #suffixes(operand: Part): Part {
    let part = operand;
    let parenthesized = this.#source[operand.tree.span.start] === '(';
    for (;;) {
      if (this.#is('.')) part = this.#selection(part, parenthesized);
      else if (this.#is('[')) part = this.#index(part);
      else if (this.#is('(') && part.tree.kind === 'attribute' && !parenthesized)
        part = this.#call(part.tree);
      else return part;
      parenthesized = false;
    }
  }

  #selection(part: Part, parenthesized: boolean): Part {
    this.#next += 1;
    const name = this.#peek();
    if (name.kind !== 'name') this.#unexpected();
    this.#next += 1;
    const { tree } = part;
    if (this.#is('(')) {
      const { args, end, depth } = this.#arguments();
      const span = { start: tree.span.start, end };
      return this.#deeper(
        { kind: 'call', name: name.text, target: tree, args, span, at: spanOf(name) },
        part,
        { depth },
      );
    }
    if (tree.kind !== 'attribute' || parenthesized) {
      throw new ExpressionFault(
        'only attributes have parts after a dot',
        name,
        'A method needs its arguments, as `.startsWith("a")`.',
      );
    }
    return {
      tree: {
        kind: 'attribute',
        name: `${tree.name}.${name.text}`,
        span: { start: tree.span.start, end: name.end },
      },
      depth: 1,
    };
  }

  #index(map: Part): Part {
    const open = this.#peek();
    this.#next += 1;
    const key = this.#nested(() => this.#binary(1));
    const close = this.#expect(']', open);
    const span = { start: map.tree.span.start, end: close.end };
    return this.#deeper({ kind: 'index', map: map.tree, key: key.tree, span }, map, key);
  }

  #call(callee: Extract<Expression, { kind: 'attribute' }>): Part {
    const { args, end, depth } = this.#arguments();
    const { start } = callee.span;
    const tree: Expression = {
      kind: 'call',
      name: callee.name,
      target: undefined,
      args,
      span: { start, end },
      at: callee.span,
    };
    return this.#deeper(tree, { depth });
  }

  /** A list in parentheses; as in Go, a comma may stand behind the last one. */
  #arguments(): { args: Expression[]; end: number; depth: number } {
    const open = this.#peek();
    this.#next += 1;
    const args: Expression[] = [];
    let depth = 0;
    while (!this.#is(')')) {
      const arg = this.#nested(() => this.#binary(1));
      args.push(arg.tree);
      depth = Math.max(depth, arg.depth);
      if (!this.#is(',')) break;
      this.#next += 1;
    }
    return { args, end: this.#expect(')', open).end, depth };
  }

  #nested(parse: () => Part): Part {
    if (this.#nesting >= MAX_DEPTH) throw new ExpressionFault('is nested too deep', this.#peek());
    this.#nesting += 1;
    const part = parse();
    this.#nesting -= 1;
    return part;
  }

  #deeper(tree: Expression, ...parts: readonly { depth: number }[]): Part {
    const depth = 1 + Math.max(...parts.map((part) => part.depth));
    if (depth > MAX_DEPTH)
      throw new ExpressionFault('has too many parts', tree.span, 'Split it over several rules.');
    return { tree, depth };
  }
}

function isOperator(text: string): text is Operator {
  return OPERATORS.has(text);
}

function spanOf(token: Token): Span {
  return { start: token.start, end: token.end };
}

function nameOf(token: Token): Expression {
  const lower = token.text.toLowerCase();
  if (lower === 'true' || lower === 'false') {
    return { kind: 'literal', literal: { type: 'BOOL', value: lower === 'true' }, span: spanOf(token) };
  }
  return { kind: 'attribute', name: token.text, span: spanOf(token) };
}

function literalOf(token: Token): Literal {
  if (token.kind === 'float') {
    const value = Number(token.text);
    if (!Number.isFinite(value)) throw new ExpressionFault(`${token.text.slice(0, 40)} is too large`, token);
    return { type: 'DOUBLE', value };
  }
  if (token.kind === 'integer') {
    const value = BigInt(token.text);
    if (value > MAX_INT64)
      throw new ExpressionFault(`${token.text.slice(0, 40)} does not fit into 64 bits`, token);
    return { type: 'INT64', value };
  }
  const duration = parseDuration(token.text);
  return duration === undefined
    ? { type: 'STRING', value: token.text }
    : { type: 'DURATION', value: duration };
}

function noOperator(token: Token): ExpressionFault {
  const hint =
    token.text === '&' ? 'Write `&&` for "and".' : 'The operators are == != < <= > >= && || | and +.';
  return new ExpressionFault(`${JSON.stringify(token.text)} is no operator of the language`, token, hint);
}

function noPrefix(token: Token): ExpressionFault {
  const hint = token.text === '!' ? 'Write `(…) == false` for "not".' : undefined;
  return new ExpressionFault(`${JSON.stringify(token.text)} cannot stand before a value`, token, hint);
}

function hintFor(token: Token, before: Token | undefined): string | undefined {
  if (token.text === '-' || token.text === ':') return 'Put text in double quotes.';
  const follows =
    before !== undefined && (before.kind !== 'symbol' || before.text === ')' || before.text === ']');
  return follows && token.kind !== 'symbol' ? 'An operator is missing before it.' : undefined;
}
