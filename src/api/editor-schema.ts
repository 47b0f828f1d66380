/** Schemas for editors and for other validators: one self-contained JSON Schema for a version of a kind. */

import { defaultVersion, objectSchema } from './object-fields.ts';
import { refName } from './schema.ts';
import type { KindSchema, SchemaNode } from './schema.ts';

/** A JSON Schema (draft 7, which every editor and kubeconform read). */
export type JsonSchema = Readonly<Record<string, unknown>>;

const KEPT = [
  ...([
    'type',
    'default',
    'enum',
    'required',
    'minimum',
    'maximum',
    'exclusiveMinimum',
    'exclusiveMaximum',
  ] as const),
  ...(['multipleOf', 'minLength', 'maxLength', 'pattern', 'minItems', 'maxItems', 'uniqueItems'] as const),
  ...(['minProperties', 'maxProperties', 'deprecated'] as const),
];
const STANDARD_FORMATS = new Set(['date-time']);

/**
 * The schema of a version's whole object, the storage version's when none is named. Objects are closed as
 * `mesh validate` closes them. `version: 'all'` accepts any apiVersion of the kind, for kinds whose versions
 * share one schema; other kinds then get a choice of schemas.
 */
export function editorSchema(schema: KindSchema, version: string = defaultVersion(schema)): JsonSchema {
  const { versions } = schema['x-mesh'];
  const head = { $schema: 'http://json-schema.org/draft-07/schema#', title: schema.title };
  if (version !== 'all' || versions.length <= 1) {
    const only = version === 'all' ? defaultVersion(schema) : version;
    return { ...head, ...whole(schema, only, [only]), definitions: definitionsOf(schema) };
  }
  const groups = new Map<string, string[]>();
  for (const one of versions)
    groups.set(one.schema ?? '', [...(groups.get(one.schema ?? '') ?? []), one.name]);
  const wholes = [...groups.values()].map((names) => whole(schema, names[0] ?? '', names));
  const body = wholes.length === 1 ? wholes[0] : { description: schema.description, oneOf: wholes };
  return { ...head, ...body, definitions: definitionsOf(schema) };
}

/**
 * The file name that kubeconform looks for with the usual location
 * `{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json`, and `kind.json` for kinds that are files.
 */
export function editorSchemaFile(schema: KindSchema, version: string): string {
  const { kind, group, scope } = schema['x-mesh'];
  const parts = scope === 'File' ? [kind] : [kind, group, version];
  return `${parts
    .filter((part) => part !== '')
    .join('-')
    .toLowerCase()}.json`;
}

function whole(schema: KindSchema, version: string, versions: readonly string[]): Record<string, unknown> {
  const { group, kind, scope } = schema['x-mesh'];
  const node = objectSchema(schema, version);
  const converted = convert(schema, node);
  if (scope === 'File') return converted;
  const properties = converted['properties'] as Record<string, Record<string, unknown>>;
  const apiVersions = versions.map((name) => (group === '' ? name : `${group}/${name}`));
  return {
    ...converted,
    properties: {
      // Any status is accepted where the schema describes none.
      ...(node['x-kubernetes-preserve-unknown-fields'] === true ? {} : { status: { type: 'object' } }),
      ...properties,
      apiVersion: {
        ...properties['apiVersion'],
        ...(apiVersions.length === 1 ? { const: apiVersions[0] } : { enum: apiVersions }),
      },
      kind: { ...properties['kind'], const: kind },
    },
    required: [
      ...new Set(['apiVersion', 'kind', ...((converted['required'] as string[] | undefined) ?? [])]),
    ],
  };
}

function definitionsOf(schema: KindSchema): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema.$defs ?? {}).map(([name, node]) => [name, convert(schema, node)]),
  );
}

function convert(schema: KindSchema, node: SchemaNode): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const description = [
    node.description,
    ...(node['x-mesh-unit'] === undefined ? [] : [`Unit: ${node['x-mesh-unit']}.`]),
    ...(node['x-mesh-deprecated'] === undefined ? [] : [`Deprecated. ${node['x-mesh-deprecated']}`]),
  ].filter((part) => part !== undefined);
  if (description.length > 0) result['description'] = description.join(' ');
  for (const word of KEPT) if (node[word] !== undefined) result[word] = node[word];
  if (node.nullable === true && node.type !== undefined) {
    result['type'] = [node.type, 'null'];
    if (node.enum !== undefined) result['enum'] = [...node.enum, null];
  }
  if (node['x-kubernetes-int-or-string'] === true) result['type'] = ['integer', 'string'];
  if (node.format !== undefined && STANDARD_FORMATS.has(node.format)) result['format'] = node.format;
  if (node.items !== undefined) result['items'] = convert(schema, node.items);
  if (node.additionalProperties !== undefined) {
    result['additionalProperties'] = convert(schema, node.additionalProperties);
  }
  if (node.properties !== undefined) addFields(schema, node, node.properties, result);
  addGroups(node, result);
  if (node.$ref === undefined) return result;
  // Before 2019-09 keywords beside $ref count for nothing.
  const ref = { $ref: `#/definitions/${refName(node.$ref) ?? ''}` };
  return Object.keys(result).length === 0 ? ref : { ...result, allOf: [ref] };
}

function addFields(
  schema: KindSchema,
  node: SchemaNode,
  fields: Readonly<Record<string, SchemaNode>>,
  result: Record<string, unknown>,
): void {
  const { external, protoNames } = schema['x-mesh'];
  result['properties'] = Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, convert(schema, field)]),
  );
  // Kinds with two spellings stay open, lest an editor refuse or offer every name twice.
  if (protoNames === true) delete result['required'];
  else if (external !== true && node['x-kubernetes-preserve-unknown-fields'] !== true) {
    result['additionalProperties'] = false;
  }
}

function addGroups(node: SchemaNode, result: Record<string, unknown>): void {
  const required = (name: string): JsonSchema => ({ required: [name] });
  const groups: JsonSchema[] = [
    ...(node['x-mesh-exclusive'] ?? []).map((names) => ({
      oneOf: [{ not: { anyOf: names.map(required) } }, ...names.map(required)],
    })),
    ...(node['x-mesh-one-of'] ?? []).map((names) => ({ oneOf: names.map(required) })),
  ];
  if (groups.length > 0) result['allOf'] = groups;
}
