/** What `mesh explain` says of a kind or of one of its fields, and how it is printed. */

import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import { defaultVersion, objectSchema } from './object-fields.ts';
import { refName, resolveNode } from './schema.ts';
import type { KindSchema, SchemaNode } from './schema.ts';

/** A field in the list of an explanation. */
export interface ExplainedField {
  readonly name: string;
  /** As kubectl writes types: `string`, `[]HTTPRoute`, `map[string]string`. */
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
  /** Allowed values, default, unit, and whether it is deprecated: each as `word: text`. */
  readonly facts: readonly string[];
  /** Fields of this field, where asked for. */
  readonly fields: readonly ExplainedField[];
}

export interface Explanation {
  /** Empty for the core group. */
  readonly group: string;
  readonly kind: string;
  /** Empty for kinds that are files. */
  readonly version: string;
  /** The field that the path leads to; undefined for the kind itself. */
  readonly field?: Omit<ExplainedField, 'fields'>;
  readonly description: string;
  readonly fields: readonly ExplainedField[];
}

export interface ExplainOptions {
  /** The storage version, when absent. */
  readonly version?: string;
  /** All fields below, to any depth. */
  readonly recursive?: boolean;
}

/**
 * Explains a kind, or the field at `path` (`['spec', 'http', 'retries']`; lists and maps count as their
 * items). Throws a `MeshError` with code `UnknownField` or `UnknownVersion`.
 */
export function explain(
  schema: KindSchema,
  path: readonly string[],
  options: ExplainOptions = {},
): Explanation {
  const header = schema['x-mesh'];
  const version = options.version ?? defaultVersion(schema);
  if (header.versions.length > 0 && !header.versions.some(({ name }) => name === version)) {
    throw new MeshError('UnknownVersion', `${header.kind} has no version ${version}`, {
      hint: `Versions: ${header.versions.map(({ name }) => name).join(', ')}.`,
    });
  }
  let node = objectSchema(schema, version);
  let field: Omit<ExplainedField, 'fields'> | undefined;
  for (const [index, name] of path.entries()) {
    const parent = container(schema, node);
    const next = Object.hasOwn(parent.properties ?? {}, name) ? parent.properties?.[name] : undefined;
    if (next === undefined) throw unknownField(header.kind, path.slice(0, index), name, parent);
    field = describeField(schema, name, next, parent.required?.includes(name) === true);
    node = next;
  }
  const description = field === undefined ? schema.description : field.description;
  const fields = fieldsOf(schema, container(schema, node), options.recursive === true);
  const place = { group: header.group, kind: header.kind, version };
  return field === undefined ? { ...place, description, fields } : { ...place, field, description, fields };
}

function unknownField(kind: string, path: readonly string[], name: string, parent: SchemaNode): MeshError {
  const names = Object.keys(parent.properties ?? {});
  const near = nearestName(name, names);
  const place = [kind, ...path].join('.');
  const known = names.length === 0 ? `${place} has no fields.` : `Fields: ${names.join(', ')}.`;
  return new MeshError('UnknownField', `${place} has no field "${name}"`, {
    hint: near === undefined ? known : `Did you mean ${[...path, near].join('.')}?`,
  });
}

/** The object that holds fields: what a list or map holds, to any depth. */
function container(schema: KindSchema, place: SchemaNode): SchemaNode {
  let node = resolveNode(schema, place);
  for (let inner = node.items ?? node.additionalProperties; inner !== undefined;) {
    node = resolveNode(schema, inner);
    inner = node.items ?? node.additionalProperties;
  }
  return node;
}

function fieldsOf(schema: KindSchema, parent: SchemaNode, recursive: boolean): ExplainedField[] {
  return Object.entries(parent.properties ?? {})
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, node]) => ({
      ...describeField(schema, name, node, parent.required?.includes(name) === true),
      fields: recursive ? fieldsOf(schema, container(schema, node), true) : [],
    }));
}

function describeField(
  schema: KindSchema,
  name: string,
  place: SchemaNode,
  required: boolean,
): Omit<ExplainedField, 'fields'> {
  const node = resolveNode(schema, place);
  const facts: string[] = [];
  const choices = node.enum ?? (node.items === undefined ? undefined : resolveNode(schema, node.items).enum);
  if (choices !== undefined) facts.push(`enum: ${choices.join(', ')}`);
  if (node.default !== undefined) facts.push(`default: ${shownValue(node.default)}`);
  if (node['x-mesh-unit'] !== undefined) facts.push(`unit: ${node['x-mesh-unit']}`);
  if (node.deprecated === true) facts.push(`deprecated: ${node['x-mesh-deprecated'] ?? 'yes'}`);
  return { name, type: typeName(schema, place), required, description: node.description ?? '', facts };
}

function shownValue(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value);
}

/** A type as kubectl writes it; objects by the name of their definition. */
export function typeName(schema: KindSchema, place: SchemaNode): string {
  const node = resolveNode(schema, place);
  if (node['x-kubernetes-int-or-string'] === true) return 'int-or-string';
  if (node.items !== undefined) return `[]${typeName(schema, node.items)}`;
  if (node.additionalProperties !== undefined)
    return `map[string]${typeName(schema, node.additionalProperties)}`;
  if (node.type !== undefined && node.type !== 'object') return node.type;
  return (place.$ref === undefined ? undefined : refName(place.$ref)) ?? 'Object';
}

const WIDTH = 80;

/** The explanation as text in the form of `kubectl explain`. Fields that have fields of their own are a tree. */
export function formatExplanation(explanation: Explanation): string {
  const { group, kind, version, field, fields } = explanation;
  const lines = group === '' ? [] : [`GROUP:      ${group}`];
  lines.push(`KIND:       ${kind}`);
  if (version !== '') lines.push(`VERSION:    ${version}`);
  lines.push('');
  if (field !== undefined)
    lines.push(`FIELD: ${heading(field)}`, ...field.facts.map((fact) => `  ${fact}`), '');
  lines.push('DESCRIPTION:', ...wrap(explanation.description, '    '), '');
  if (fields.length > 0) {
    const tree = fields.some((one) => one.fields.length > 0);
    lines.push('FIELDS:', ...fields.flatMap((one) => (tree ? treeLines(one, '  ') : fieldLines(one))));
    if (tree) lines.push('');
  }
  return `${lines.join('\n')}\n`;
}

function heading(field: Omit<ExplainedField, 'fields'>): string {
  return `${field.name}\t<${field.type}>${field.required ? ' -required-' : ''}`;
}

function fieldLines(field: ExplainedField): string[] {
  const facts = field.facts.map((fact) => `  ${fact}`);
  return [`  ${heading(field)}`, ...facts, ...wrap(field.description, '    '), ''];
}

function treeLines(field: ExplainedField, indent: string): string[] {
  const facts = field.facts.filter((fact) => fact.startsWith('enum: ')).map((fact) => indent + fact);
  return [
    indent + heading(field),
    ...facts,
    ...field.fields.flatMap((inner) => treeLines(inner, `${indent}  `)),
  ];
}

function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) {
        lines.push(indent + line);
        line = '';
      }
      line += line === '' ? word : ` ${word}`;
    }
    lines.push(indent + line);
  }
  return lines;
}
