/** The tree of an attribute expression: what the parser makes, the checker types and an engine may evaluate. */

/** Types of attributes and expressions. https://archive.istio.io/v1.4/docs/reference/config/policy-and-telemetry/istio.policy.v1beta1/#ValueType */
export const VALUE_TYPES = [
  'STRING',
  'INT64',
  'DOUBLE',
  'BOOL',
  'TIMESTAMP',
  'IP_ADDRESS',
  'EMAIL_ADDRESS',
  'URI',
  'DNS_NAME',
  'DURATION',
  'STRING_MAP',
] as const;

export type ValueType = (typeof VALUE_TYPES)[number];

/** Operators between two operands, as written. `|` gives the right value where the left one is absent. */
export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=' | '&&' | '||' | '|' | '+';

/** A part of the expression's text, in UTF-16 units from its start. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type Literal =
  | { readonly type: 'STRING'; readonly value: string }
  | { readonly type: 'INT64'; readonly value: bigint }
  | { readonly type: 'DOUBLE'; readonly value: number }
  | { readonly type: 'BOOL'; readonly value: boolean }
  /** A text that reads as a span of time: in nanoseconds. */
  | { readonly type: 'DURATION'; readonly value: bigint };

export type Expression =
  | { readonly kind: 'literal'; readonly literal: Literal; readonly span: Span }
  /** `request.path`: names have dots, there are no fields. */
  | { readonly kind: 'attribute'; readonly name: string; readonly span: Span }
  | {
      readonly kind: 'operation';
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
      readonly span: Span;
      /** Where the operator itself stands. */
      readonly at: Span;
    }
  /** `request.headers["cookie"]`. */
  | { readonly kind: 'index'; readonly map: Expression; readonly key: Expression; readonly span: Span }
  /** `match(a, b)`, or `a.startsWith(b)` with a target. */
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly target: Expression | undefined;
      readonly args: readonly Expression[];
      readonly span: Span;
      /** Where the name stands. */
      readonly at: Span;
    };

/** What is wrong with an expression, and where in it. */
export interface ExpressionProblem {
  readonly level: 'Error' | 'Warning';
  readonly message: string;
  readonly hint?: string;
  readonly span: Span;
}
