/** Works out the type of an attribute expression, and what in it does not fit. */

import { nearestName } from '../../base/nearest.ts';
import type { AttributeScope } from './attributes.ts';
import type { Expression, ExpressionProblem, Literal, Span, ValueType } from './expression.ts';
import { FUNCTIONS, OPERATORS } from './functions.ts';
import type { Signature, TypeSlot } from './functions.ts';
import { literalProblem } from './literals.ts';
import { parseExpression } from './parse.ts';

/** The type of an expression; `UNKNOWN` where an attribute of unknown type or a fault leaves it open. */
export type CheckedType = ValueType | 'UNKNOWN';

export interface CheckedExpression {
  /** Undefined when the text does not parse. */
  readonly expression: Expression | undefined;
  readonly type: CheckedType;
  readonly problems: readonly ExpressionProblem[];
}

/** Problems that are told of one expression; more would not help. */
const MAX_PROBLEMS = 10;

/** Parses and checks a text. Never throws; takes time in proportion to the text. */
export function checkExpression(source: string, scope: AttributeScope): CheckedExpression {
  const { expression, problem } = parseExpression(source);
  if (expression === undefined) return { expression, type: 'UNKNOWN', problems: [problem] };
  const checker = new Checker(scope);
  const type = checker.typeOf(expression);
  return { expression, type, problems: checker.problems };
}

class Checker {
  readonly problems: ExpressionProblem[] = [];
  readonly #scope: AttributeScope;
  readonly #unknown = new Set<string>();

  constructor(scope: AttributeScope) {
    this.#scope = scope;
  }

  typeOf(expression: Expression): CheckedType {
    switch (expression.kind) {
      case 'literal':
        return expression.literal.type;
      case 'attribute':
        return this.#attribute(expression.name, expression.span);
      case 'index':
        this.#expect(expression.map, this.typeOf(expression.map), 'STRING_MAP', 'only a map has keys');
        this.#expect(expression.key, this.typeOf(expression.key), 'STRING', 'the key of a map is a text');
        return 'STRING';
      case 'operation':
        return this.#operation(expression);
      case 'call':
        return this.#call(expression);
    }
  }

  #report(level: ExpressionProblem['level'], span: Span, message: string, hint?: string): void {
    if (this.problems.length >= MAX_PROBLEMS) return;
    this.problems.push({ level, message, span, ...(hint === undefined ? {} : { hint }) });
  }

  #attribute(name: string, span: Span): CheckedType {
    const type = this.#scope.typeOf(name);
    if (type !== undefined) return type;
    if (name.startsWith('$')) {
      const hint = name.startsWith('$out.')
        ? 'Only attribute bindings of an instance know `$out`.'
        : undefined;
      this.#report('Error', span, `there is no attribute ${name} here`, hint);
      return 'UNKNOWN';
    }
    if (!this.#unknown.has(name)) {
      this.#unknown.add(name);
      this.#report('Warning', span, `there is no standard attribute ${name}`, this.#attributeHint(name));
    }
    return 'UNKNOWN';
  }

  #attributeHint(name: string): string {
    const dot = name.lastIndexOf('.');
    if (dot < 0) return `If it is meant as text, write "${name}" with the quotes.`;
    const map = name.slice(0, dot);
    if (this.#scope.typeOf(map) === 'STRING_MAP') return `Write ${map}["${name.slice(dot + 1)}"].`;
    const nearest = nearestName(name, this.#scope.names);
    if (nearest !== undefined) return `Did you mean ${nearest}?`;
    return 'Declare it in an attributemanifest, or correct the name.';
  }

  #operation(expression: Extract<Expression, { kind: 'operation' }>): CheckedType {
    const { operator, left, right, at } = expression;
    const { operands, returns } = OPERATORS[operator];
    const leftType = this.typeOf(left);
    const rightType = this.typeOf(right);
    if (operands?.length === 1) {
      const only = operands[0] ?? 'BOOL';
      this.#expect(left, leftType, only, `${operator} joins conditions`);
      this.#expect(right, rightType, only, `${operator} joins conditions`);
      return only;
    }
    if (leftType !== 'UNKNOWN' && rightType !== 'UNKNOWN' && leftType !== rightType) {
      const what =
        operator === '|'
          ? `the default has type ${rightType}, the value ${leftType}`
          : `${operator} stands between ${leftType} and ${rightType}`;
      const hint = mismatchHint(literalIn(right), leftType) ?? mismatchHint(literalIn(left), rightType);
      this.#report(
        'Error',
        operator === '|' ? right.span : at,
        what,
        hint ?? 'Both sides need the same type.',
      );
    } else {
      const type = leftType === 'UNKNOWN' ? rightType : leftType;
      if (operands !== undefined && type !== 'UNKNOWN' && !operands.includes(type)) {
        this.#report(
          'Error',
          at,
          `${operator} is not defined for ${type}`,
          `It takes ${operands.join(', ')}.`,
        );
      }
    }
    if (returns !== 'T') return returns;
    return leftType === 'UNKNOWN' ? rightType : leftType;
  }

  #call(call: Extract<Expression, { kind: 'call' }>): CheckedType {
    const targetType = call.target === undefined ? undefined : this.typeOf(call.target);
    const argTypes = call.args.map((arg) => this.typeOf(arg));
    const signatures = FUNCTIONS.get(call.name);
    if (signatures === undefined) {
      const nearest = nearestName(call.name, FUNCTIONS.keys());
      const hint =
        nearest === undefined ? `There are ${[...FUNCTIONS.keys()].join(', ')}.` : `Did you mean ${nearest}?`;
      this.#report('Error', call.at, `there is no function ${call.name}`, hint);
      return 'UNKNOWN';
    }
    const signature = signatures.find(({ target }) => (target === undefined) === (call.target === undefined));
    const [first] = signatures;
    if (signature === undefined || first === undefined) {
      const message =
        call.target === undefined ? `${call.name} needs a text before it` : `${call.name} stands alone`;
      this.#report(
        'Error',
        call.at,
        message,
        first === undefined ? undefined : `Write ${usage(call.name, first)}.`,
      );
      return first === undefined || first.returns === 'T' ? 'UNKNOWN' : first.returns;
    }
    if (call.target !== undefined && targetType !== undefined && signature.target !== undefined) {
      this.#expect(call.target, targetType, signature.target, `${call.name} works on ${signature.target}`);
    }
    return this.#arguments(call, signature, argTypes);
  }

  #arguments(
    call: Extract<Expression, { kind: 'call' }>,
    signature: Signature,
    types: readonly CheckedType[],
  ): CheckedType {
    const wanted = signature.args;
    if (types.length !== wanted.length) {
      const count = `${wanted.length} argument${wanted.length === 1 ? '' : 's'}`;
      this.#report(
        'Error',
        call.at,
        `${call.name} takes ${count}, not ${types.length}`,
        `Write ${usage(call.name, signature)}.`,
      );
    }
    let common: CheckedType = 'UNKNOWN';
    for (const [index, arg] of call.args.entries()) {
      const slot = wanted[index];
      const type = types[index];
      if (slot === undefined || type === undefined) break;
      const expected: CheckedType = slot === 'T' ? common : slot;
      if (slot === 'T' && common === 'UNKNOWN') common = type;
      else if (expected !== 'UNKNOWN')
        this.#expect(arg, type, expected, `argument ${index + 1} of ${call.name}`);
    }
    const literal = literalProblem(call);
    if (literal !== undefined)
      this.#report('Error', literal.at.span, `the text in ${call.name} ${literal.message}`);
    return signature.returns === 'T' ? common : signature.returns;
  }

  #expect(part: Expression, type: CheckedType, expected: ValueType, reason: string): void {
    if (type === expected || type === 'UNKNOWN') return;
    this.#report(
      'Error',
      part.span,
      `${reason}: this must be ${expected} and is ${type}`,
      mismatchHint(literalIn(part), expected),
    );
  }
}

function literalIn(expression: Expression): Literal | undefined {
  return expression.kind === 'literal' ? expression.literal : undefined;
}

/** How a literal gets the type that is wanted. */
function mismatchHint(literal: Literal | undefined, wanted: CheckedType): string | undefined {
  if (literal === undefined) return undefined;
  if (wanted === 'STRING') {
    if (literal.type === 'DURATION')
      return 'A text that reads as a span of time, as "0" or "5s", is one; write another text.';
    return 'Put the value in double quotes.';
  }
  if (literal.type === 'STRING') {
    if (wanted === 'INT64' || wanted === 'DOUBLE' || wanted === 'BOOL')
      return 'Write the value without quotes.';
    if (wanted === 'IP_ADDRESS') return 'Write ip("…").';
    if (wanted === 'TIMESTAMP') return 'Write timestamp("…").';
    if (wanted === 'DURATION') return 'A span of time has a unit, as "5s".';
    if (wanted === 'STRING_MAP') return 'Write emptyStringMap().';
    if (wanted === 'DNS_NAME') return 'Write dnsName("…").';
    if (wanted === 'EMAIL_ADDRESS') return 'Write email("…").';
    if (wanted === 'URI') return 'Write uri("…").';
  }
  if (literal.type === 'INT64' && wanted === 'DOUBLE') return 'Write the number with a point, as 1.0.';
  if (literal.type === 'INT64' && wanted === 'DURATION')
    return 'A span of time stands in quotes, with a unit, as "5s".';
  return undefined;
}

function usage(name: string, { target, args }: Signature): string {
  const slot = (type: TypeSlot): string => (type === 'T' ? 'value' : type);
  const call = `${name}(${args.map(slot).join(', ')})`;
  return target === undefined ? call : `${target}.${call}`;
}
