/** What a check says of an object. */

import type { FieldPath } from '../base/field-path.ts';

export type Level = 'Error' | 'Warning' | 'Info';

/** Codes of `validate`; each is documented in `docs/messages/` and maps to a SARIF rule. */
export const CHECK_CODES = {
  Syntax: 'MESH1001',
  NotAnObject: 'MESH1002',
  UnknownKind: 'MESH1003',
  UnknownVersion: 'MESH1004',
  BadMetadata: 'MESH1005',
  UnknownField: 'MESH1010',
  WrongType: 'MESH1011',
  MissingField: 'MESH1012',
  InvalidValue: 'MESH1013',
  ExclusiveFields: 'MESH1014',
  TooMany: 'MESH1015',
  Duplicate: 'MESH1020',
  BrokenReference: 'MESH1021',
  DeprecatedField: 'MESH1030',
  DeprecatedVersion: 'MESH1031',
  Questionable: 'MESH1032',
  UnreachableRule: 'MESH1033',
  IneffectiveMatch: 'MESH1034',
  PortName: 'MESH1040',
  MissingLabel: 'MESH1041',
} as const;

export type CheckName = keyof typeof CHECK_CODES;

/** One finding on one object. `message` does not repeat the place; `path` is relative to the object. */
export interface Finding {
  readonly check: CheckName;
  readonly level: Level;
  readonly message: string;
  readonly path: FieldPath;
  /** How to mend it, as one sentence or a command. */
  readonly hint?: string;
}
