/** Prints the TypeScript types of a kind: one for each definition and one for the whole object. */

import { refName, resolveNode } from '../api/schema.ts';
import type { KindSchema, SchemaNode } from '../api/schema.ts';
import { GENERATED_NOTE } from './kind-table.ts';

/** The name of the kind's type: the kind with a capital first (`handler` becomes `Handler`). */
export function kindTypeName(kind: string): string {
  return kind.charAt(0).toUpperCase() + kind.slice(1);
}

/** The text of `src/api/generated/types/<group>/<Kind>.ts`. */
export function printTypes(schema: KindSchema): string {
  const header = schema['x-mesh'];
  const own = new Set(header.versions.flatMap((version) => refName(version.schema ?? '') ?? []));
  const isObject = header.scope !== 'File';
  const parts: string[] = [];
  const kindType = kindTypeName(header.kind);
  const shared =
    header.versions.length === 0 || header.versions.some((version) => version.schema === undefined);
  const alternatives = [...own];
  if (shared && own.size > 0) alternatives.push(`${kindType}Common`);
  if (shared) parts.push(printNamed(own.size > 0 ? `${kindType}Common` : kindType, schema, isObject));
  if (own.size > 0) {
    parts.push(`${docComment(schema, '')}export type ${kindType} = ${alternatives.join(' | ')};\n`);
  }
  for (const [name, def] of Object.entries(schema.$defs ?? {})) {
    parts.push(printNamed(name, resolveNode(schema, def), isObject && own.has(name)));
  }
  const imports = isObject ? `\nimport type { ObjectMetadata } from '../../../metadata.ts';\n` : '';
  return `${GENERATED_NOTE}${imports}\n${parts.join('\n')}`;
}

function printNamed(name: string, node: SchemaNode, whole: boolean): string {
  const doc = docComment(node, '');
  if (node.type !== 'object' || node.properties === undefined) {
    if (!whole) return `${doc}export type ${name} = ${printType(node, '')};\n`;
  }
  const head = whole
    ? '  readonly apiVersion?: string;\n  readonly kind?: string;\n  readonly metadata?: ObjectMetadata;\n'
    : '';
  // An alias rather than an interface: only aliases can stand where Record<string, unknown> is asked for.
  return `${doc}export type ${name} = {\n${head}${printFields(node, '  ')}};\n`;
}

function printFields(node: SchemaNode, indent: string): string {
  const fields = Object.entries(node.properties ?? {}).map(([name, field]) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    return `${docComment(field, indent)}${indent}readonly ${key}?: ${printType(field, indent)};\n`;
  });
  if (node['x-kubernetes-preserve-unknown-fields'] === true) {
    fields.push(`${indent}readonly [field: string]: unknown;\n`);
  }
  return fields.join('');
}

function printType(node: SchemaNode, indent: string): string {
  const type = printBare(node, indent);
  return node.nullable === true ? `${type} | null` : type;
}

function printBare(node: SchemaNode, indent: string): string {
  if (node.$ref !== undefined) return refName(node.$ref) ?? 'unknown';
  if (node.enum !== undefined) return node.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (node['x-kubernetes-int-or-string'] === true) return 'number | string';
  switch (node.type) {
    case 'string':
    case 'boolean':
      return node.type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `ReadonlyArray<${printType(node.items ?? {}, indent)}>`;
    case 'object':
      if (node.properties !== undefined) return `{\n${printFields(node, `${indent}  `)}${indent}}`;
      return `Readonly<Record<string, ${printType(node.additionalProperties ?? {}, indent)}>>`;
    default:
      return 'unknown';
  }
}

function docComment(node: SchemaNode, indent: string): string {
  const lines: string[] = [];
  if (node.description !== undefined) lines.push(...node.description.split('\n'));
  if (node['x-mesh-unit'] !== undefined) lines.push(`Unit: ${node['x-mesh-unit']}.`);
  if (node.default !== undefined) lines.push(`Default: ${JSON.stringify(node.default)}.`);
  if (node.deprecated === true) lines.push(`@deprecated ${node['x-mesh-deprecated'] ?? ''}`.trimEnd());
  if (lines.length === 0) return '';
  const safe = lines.map((line) => line.replaceAll('*/', '*\\/').trimEnd());
  if (safe.length === 1) return `${indent}/** ${safe[0]} */\n`;
  return `${indent}/**\n${safe.map((line) => `${indent} * ${line}\n`.replace(/ +\n$/, '\n')).join('')}${indent} */\n`;
}
