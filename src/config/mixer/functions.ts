/** The functions and operators of attribute expressions, with the types they take and give. */

import type { Operator, ValueType } from './expression.ts';

/** `T` is the type of the first operand that stands for it; all others that say `T` must have the same. */
export type TypeSlot = ValueType | 'T';

export interface Signature {
  /** What stands before the dot; undefined for a plain function. */
  readonly target: ValueType | undefined;
  readonly args: readonly TypeSlot[];
  readonly returns: TypeSlot;
}

const plain = (args: readonly TypeSlot[], returns: TypeSlot): Signature => ({
  target: undefined,
  args,
  returns,
});
const method = (args: readonly TypeSlot[], returns: TypeSlot): Signature => ({
  target: 'STRING',
  args,
  returns,
});

/** By name; some can be called in both ways. */
export const FUNCTIONS: ReadonlyMap<string, readonly Signature[]> = new Map([
  ['match', [plain(['STRING', 'STRING'], 'BOOL')]],
  ['ip', [plain(['STRING'], 'IP_ADDRESS')]],
  ['timestamp', [plain(['STRING'], 'TIMESTAMP')]],
  ['dnsName', [plain(['STRING'], 'DNS_NAME')]],
  ['email', [plain(['STRING'], 'EMAIL_ADDRESS')]],
  ['uri', [plain(['STRING'], 'URI')]],
  ['conditional', [plain(['BOOL', 'T', 'T'], 'T')]],
  ['conditionalString', [plain(['BOOL', 'STRING', 'STRING'], 'STRING')]],
  ['emptyStringMap', [plain([], 'STRING_MAP')]],
  ['size', [plain(['STRING'], 'INT64')]],
  ['toLower', [plain(['STRING'], 'STRING')]],
  ['reverse', [plain(['STRING'], 'STRING'), method([], 'STRING')]],
  ['matches', [method(['STRING'], 'BOOL')]],
  ['startsWith', [method(['STRING'], 'BOOL')]],
  ['endsWith', [method(['STRING'], 'BOOL')]],
]);

const ALL_BUT_MAPS: readonly ValueType[] = [
  ...(['STRING', 'INT64', 'DOUBLE', 'BOOL', 'TIMESTAMP', 'IP_ADDRESS'] as const),
  ...(['EMAIL_ADDRESS', 'URI', 'DNS_NAME', 'DURATION'] as const),
];
const ORDERED: readonly ValueType[] = ['STRING', 'INT64', 'DOUBLE', 'TIMESTAMP', 'DURATION'];

/** What operators take on both sides (undefined: anything), and give. */
export const OPERATORS: Readonly<
  Record<Operator, { readonly operands: readonly ValueType[] | undefined; readonly returns: TypeSlot }>
> = {
  '==': { operands: ALL_BUT_MAPS, returns: 'BOOL' },
  '!=': { operands: ALL_BUT_MAPS, returns: 'BOOL' },
  '<': { operands: ORDERED, returns: 'BOOL' },
  '<=': { operands: ORDERED, returns: 'BOOL' },
  '>': { operands: ORDERED, returns: 'BOOL' },
  '>=': { operands: ORDERED, returns: 'BOOL' },
  '&&': { operands: ['BOOL'], returns: 'BOOL' },
  '||': { operands: ['BOOL'], returns: 'BOOL' },
  '|': { operands: undefined, returns: 'T' },
  '+': { operands: ['STRING', 'INT64', 'DOUBLE'], returns: 'T' },
};
