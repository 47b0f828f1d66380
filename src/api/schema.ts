/** The shape of a file in `schemas/`: one kind, as JSON Schema 2020-12 with the project's own keywords. */

import type { KindScope, KindVersion, PrinterColumn } from './kind-info.ts';

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';

/** A rule in the Common Expression Language, as a CustomResourceDefinition carries it. */
export interface CelRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** A schema of one value. Only the keywords that the conventions allow. */
export interface SchemaNode {
  readonly $ref?: string;
  readonly type?: SchemaType;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly nullable?: boolean;
  readonly deprecated?: boolean;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: SchemaNode;
  readonly items?: SchemaNode;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
  /** Of each list at most one field may be set. */
  readonly 'x-mesh-exclusive'?: readonly (readonly string[])[];
  /** Of each list exactly one field must be set. */
  readonly 'x-mesh-one-of'?: readonly (readonly string[])[];
  /** What to use instead of a deprecated field, as one sentence. */
  readonly 'x-mesh-deprecated'?: string;
  readonly 'x-mesh-unit'?: string;
}

export interface SchemaVersion extends KindVersion {
  /** `#/$defs/Name` of a whole object's schema, where versions of the kind differ. */
  readonly schema?: string;
}

/** What a schema file says of its kind beside the fields. */
export interface KindHeader {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly scope: KindScope;
  readonly versions: readonly SchemaVersion[];
  readonly printerColumns?: readonly PrinterColumn[];
  readonly subresources?: { readonly status?: Readonly<Record<string, never>> };
  readonly legacy?: string;
  /** Not ours to define: only the fields that the mesh reads, in open objects. */
  readonly external?: boolean;
  /** Fields may also be written with their protobuf names (snake_case). */
  readonly protoNames?: boolean;
}

/** A whole schema file. The root describes the object without apiVersion, kind and metadata. */
export interface KindSchema extends SchemaNode {
  readonly $schema?: string;
  readonly title: string;
  readonly description: string;
  readonly 'x-mesh': KindHeader;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
}

const LOCAL_REF = /^#\/\$defs\/([^/]+)$/;

/** The name in a `#/$defs/Name` reference; undefined for any other reference. */
export function refName(ref: string): string | undefined {
  return LOCAL_REF.exec(ref)?.[1];
}

/**
 * The node with its reference followed: the definition's keywords with those beside the `$ref` laid over
 * them. A reference that leads nowhere gives the node without it.
 */
export function resolveNode(schema: KindSchema, node: SchemaNode): SchemaNode {
  let current = node;
  for (let hops = 0; current.$ref !== undefined && hops < 16; hops++) {
    const { $ref, ...beside } = current;
    current = { ...schema.$defs?.[refName($ref) ?? ''], ...beside };
  }
  return current;
}

/** The schema of a version's whole object: the version's own, or the root where versions do not differ. */
export function versionSchema(schema: KindSchema, version: string): SchemaNode {
  const own = schema['x-mesh'].versions.find((one) => one.name === version)?.schema;
  if (own === undefined) return schema;
  return resolveNode(schema, { $ref: own });
}
