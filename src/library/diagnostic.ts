/** What the library gives: findings of all kinds in one shape. */

import type { FieldPath } from '../base/field-path.ts';
import type { Level } from '../config/finding.ts';

/** Something to say about the input. */
export interface Diagnostic {
  /** Stable: `IST0101`, `MESH1010`. Each is explained in `docs/messages/`. */
  readonly code: string;
  /** The code's name, as `UnknownField`. */
  readonly name: string;
  readonly level: Level;
  /** What is wrong, as one sentence without the place. */
  readonly message: string;
  /** How to mend it. */
  readonly hint?: string;
  /** The path that the file was given with. Absent only for what is about the whole. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** From 1, in UTF-16 units. */
  readonly column?: number;
  /** `Kind namespace/name`, or `Kind name` where the input names no namespace. */
  readonly object?: string;
  /** The field as keys and indexes from the object's root. */
  readonly path: FieldPath;
  /** The same as text: `spec.http[0].route`. */
  readonly field: string;
}

export interface Result {
  /** No finding is an error. */
  readonly valid: boolean;
  /** In the order of files and objects for `validate`; by level, code and object for `analyze`. */
  readonly findings: readonly Diagnostic[];
  /** Objects that were read. */
  readonly objects: number;
  /** Documents that are no Kubernetes objects. */
  readonly skipped: number;
}
