/** Writes the reference pages: what every kind is for, and every field of it. */

import { resolveNode, refName } from '../api/schema.ts';
import type { KindSchema, SchemaNode } from '../api/schema.ts';
import { GROUP_TITLES } from './group-titles.ts';
import type { SchemaFile } from './schema-files.ts';

const HEAD =
  '| Field | Type | Required | Default | Unit | Description |\n| --- | --- | --- | --- | --- | --- |\n';

/** The page of a kind. */
export function referencePage(schema: KindSchema): string {
  const header = schema['x-mesh'];
  const parts = [`# ${header.kind}\n`, `${schema.description}\n`];
  if (header.legacy !== undefined) parts.push(`**Gone from today's Istio.** ${header.legacy}\n`);
  parts.push(facts(schema));
  const own = new Map(
    header.versions.flatMap(({ schema: ref, name }) => (ref === undefined ? [] : [[name, ref] as const])),
  );
  if (header.versions.length === 0 || own.size < header.versions.length) {
    parts.push(section(schema, 'Fields', { ...schema, description: undefined }));
  }
  const roots = new Set<string>();
  for (const [version, ref] of own) {
    const name = refName(ref) ?? '';
    const users = [...own].filter(([, other]) => other === ref).map(([one]) => one);
    if (users[0] !== version) continue;
    roots.add(name);
    parts.push(section(schema, `Fields in ${users.join(', ')}`, resolveNode(schema, { $ref: ref })));
  }
  for (const [name, def] of Object.entries(schema.$defs ?? {})) {
    if (!roots.has(name)) parts.push(section(schema, name, resolveNode(schema, def)));
  }
  return parts.join('\n');
}

/** The page that leads to all others. `files` in the order of their keys. */
export function referenceIndex(files: readonly SchemaFile[]): string {
  const parts = ['# Reference of kinds\n', 'Every kind that Lateen reads, with all of its fields.\n'];
  for (const folder of new Set(files.map((file) => file.folder))) {
    parts.push(`## ${GROUP_TITLES[folder] ?? folder}\n`, '| Kind | Versions | For |\n| --- | --- | --- |');
    for (const { schema } of files.filter((file) => file.folder === folder)) {
      const { kind, versions, legacy } = schema['x-mesh'];
      const names = versions.map(({ name }) => name).join(', ');
      const summary = cell(legacy === undefined ? schema.description : `${schema.description} (Legacy.)`);
      parts.push(`| [${kind}](${folder}/${kind}.md) | ${names} | ${summary} |`);
    }
    parts.push('');
  }
  return `${parts.join('\n').trimEnd()}\n`;
}

function facts(schema: KindSchema): string {
  const { group, scope, versions, shortNames = [], plural } = schema['x-mesh'];
  if (scope === 'File') return 'Read from a file or from a ConfigMap; not an object of a cluster.\n';
  const rows = [
    ['Group', group === '' ? 'core' : `\`${group}\``],
    [
      'Versions',
      versions
        .map(({ name, deprecated }) => `\`${name}\`${deprecated === undefined ? '' : ' (deprecated)'}`)
        .join(', '),
    ],
    ['Scope', scope],
    ['Plural', `\`${plural}\``],
    ...(shortNames.length === 0 ? [] : [['Short names', shortNames.map((name) => `\`${name}\``).join(', ')]]),
  ];
  const notes = versions.flatMap(({ name, deprecated }) =>
    deprecated === undefined ? [] : [`\n\`${name}\`: ${deprecated}\n`],
  );
  return `| | |\n| --- | --- |\n${rows.map((row) => `| ${row.join(' | ')} |\n`).join('')}${notes.join('')}`;
}

function section(schema: KindSchema, title: string, node: SchemaNode): string {
  const parts = [`## ${title}\n`];
  if (node.description !== undefined) parts.push(`${node.description}\n`);
  parts.push(...groupNotes(node));
  if (node['x-kubernetes-preserve-unknown-fields'] === true) parts.push('Other fields may be set too.\n');
  const rows = fieldRows(schema, node, '');
  if (rows.length > 0) parts.push(HEAD + rows.join(''));
  else if (node.enum !== undefined)
    parts.push(`One of ${node.enum.map((value) => `\`${String(value)}\``).join(', ')}.\n`);
  else parts.push(`Type: ${linkedType(node)}.\n`);
  return parts.join('\n');
}

function groupNotes(node: SchemaNode): string[] {
  const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
  return [
    ...(node['x-mesh-exclusive'] ?? []).map((names) => `At most one of ${list(names)} may be set.\n`),
    ...(node['x-mesh-one-of'] ?? []).map((names) => `Exactly one of ${list(names)} must be set.\n`),
  ];
}

/** A row for each field, and for the fields of objects that have no definition of their own. */
function fieldRows(schema: KindSchema, node: SchemaNode, prefix: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, place]) => {
    const field = resolveNode(schema, place);
    const label = `${prefix}${name}`;
    const row = [
      `\`${label}\``,
      linkedType(place),
      node.required?.includes(name) === true ? 'yes' : '',
      field.default === undefined ? '' : `\`${cell(JSON.stringify(field.default))}\``,
      field['x-mesh-unit'] ?? '',
      cell(describe(field)),
    ];
    const inner = inlineObject(place, label);
    const below = inner === undefined ? [] : fieldRows(schema, inner.node, `${inner.label}.`);
    return [`| ${row.join(' | ')} |\n`, ...below];
  });
}

/** The object that a field holds without a definition, and how its fields are led to. */
function inlineObject(place: SchemaNode, label: string): { node: SchemaNode; label: string } | undefined {
  if (place.$ref !== undefined) return undefined;
  if (place.items !== undefined) return inlineObject(place.items, `${label}[]`);
  if (place.additionalProperties !== undefined) return inlineObject(place.additionalProperties, `${label}.*`);
  return place.properties === undefined ? undefined : { node: place, label };
}

function describe(field: SchemaNode): string {
  const parts = [field.description ?? ''];
  const choices = field.enum ?? field.items?.enum;
  if (choices !== undefined)
    parts.push(`One of ${choices.map((value) => `\`${String(value)}\``).join(', ')}.`);
  if (field.deprecated === true) parts.push(`**Deprecated.** ${field['x-mesh-deprecated'] ?? ''}`.trimEnd());
  return parts.join(' ');
}

function linkedType(place: SchemaNode): string {
  const name = place.$ref === undefined ? undefined : refName(place.$ref);
  if (name !== undefined) return `[${name}](#${name.toLowerCase()})`;
  if (place['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (place.items !== undefined) return `list of ${linkedType(place.items)}`;
  if (place.additionalProperties !== undefined) return `map of ${linkedType(place.additionalProperties)}`;
  if (place.format === 'duration') return 'duration';
  return place.type ?? 'any';
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
