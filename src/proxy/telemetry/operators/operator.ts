/** What an operator of Envoy's format language is. */

import type { StreamInfo } from '../../stream-info.ts';

/** Texts are Latin-1, one character a byte, as headers are. Undefined is what is not known. */
export type FormatValue = string | number | boolean | object | undefined;

export type Operator = (info: StreamInfo) => FormatValue;

export interface OperatorKind {
  /** What may stand in brackets: `%NAME(parameters)%`. */
  readonly parameters: 'none' | 'optional' | 'required';
  /** Whether `:N` may follow. */
  readonly length: boolean;
  /** `length` is the most characters. Throws a `FormatError`. */
  compile(parameters: string, length: number | undefined): Operator;
}

export type OperatorTable = Readonly<Record<string, OperatorKind>>;

/** One that takes neither parameters nor a length. */
export function plain(operator: Operator): OperatorKind {
  return { parameters: 'none', length: false, compile: () => operator };
}

export function truncated(value: string | undefined, length: number | undefined): string | undefined {
  return value === undefined || length === undefined ? value : value.slice(0, length);
}
