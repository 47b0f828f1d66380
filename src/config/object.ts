/** An object as it was read: its value, and the place it came from. */

import type { FieldPath } from '../base/field-path.ts';
import type { KindInfo, KindKey } from '../api/kind-info.ts';

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

/** The text a document came from. Positions are worked out only when somebody asks. */
export interface DocumentSource {
  /** The path as the user gave it, `-` for standard input. */
  readonly file: string;
  /** First line of the document's content (comments and `---` before it do not count), from 1. */
  readonly line: number;
  /**
   * Position of the field's key (or list item). When the field is absent, that of its nearest parent that
   * is there. Paths are relative to the object, also inside a List.
   */
  locate(path: FieldPath): Position;
}

export interface ObjectMeta {
  readonly name: string;
  /** As written; undefined where the input gives none. */
  readonly namespace: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A Kubernetes-style object. `Value` is the generated type of the kind (all of its fields are optional). */
export interface MeshObject<Value = Record<string, unknown>> {
  readonly key: KindKey;
  readonly apiVersion: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly meta: ObjectMeta;
  /** The whole object. Entries whose value is null are left out, as `kubectl apply` does. */
  readonly value: Value & Record<string, unknown>;
  /** Undefined for a kind that the registry does not know. */
  readonly info: KindInfo | undefined;
  readonly source: DocumentSource;
}

/** `Kind namespace/name`, or `Kind name` where the input names no namespace: how findings name an object. */
export function objectName(object: Pick<MeshObject, 'kind' | 'meta'>): string {
  const { name, namespace } = object.meta;
  // Files of settings need no name.
  if (name === '') return object.kind;
  return namespace === undefined ? `${object.kind} ${name}` : `${object.kind} ${namespace}/${name}`;
}
