/** Lists the defaults that the API server fills in, for kinds where it does. */

import type { DefaultTree } from '../api/default-tree.ts';
import { resolveNode, versionSchema } from '../api/schema.ts';
import type { KindSchema, SchemaNode } from '../api/schema.ts';
import { serverDefaults } from './crd.ts';
import { GENERATED_NOTE } from './kind-table.ts';
import type { SchemaFile } from './schema-files.ts';

/** The defaults by version; empty where there are none or where the server leaves them to the readers. */
export function defaultsByVersion(schema: KindSchema): Record<string, DefaultTree> {
  if (!serverDefaults(schema)) return {};
  const entries = schema['x-mesh'].versions.map(
    ({ name }) => [name, defaultTree(schema, versionSchema(schema, name))] as const,
  );
  return Object.fromEntries(
    entries.filter((entry): entry is [string, DefaultTree] => entry[1] !== undefined),
  );
}

function defaultTree(schema: KindSchema, place: SchemaNode): DefaultTree | undefined {
  const node = resolveNode(schema, place);
  const inner = node.items ?? node.additionalProperties;
  const each = inner === undefined ? undefined : defaultTree(schema, inner);
  const fields = Object.entries(node.properties ?? {}).flatMap(([name, field]) => {
    const below = defaultTree(schema, field);
    return below === undefined ? [] : [[name, below] as const];
  });
  const tree = {
    ...(node.default === undefined ? {} : { value: node.default }),
    ...(fields.length === 0 ? {} : { fields: Object.fromEntries(fields) }),
    ...(each === undefined ? {} : { each }),
  };
  return Object.keys(tree).length === 0 ? undefined : tree;
}

/** The text of `generated/defaults.ts`: kinds that have defaults, each a part of its own. */
export function printDefaultTable(files: readonly SchemaFile[]): string {
  const rows = files.map(({ folder, key, schema }) => {
    const path = `./defaults/${folder}/${schema['x-mesh'].kind}.ts`;
    return `  ${JSON.stringify(key)}: async () => (await import('${path}')).defaults,\n`;
  });
  return `${GENERATED_NOTE}
import type { DefaultTable } from '../generated-contract.ts';

/** The defaults that the API server fills in, by kind, loaded when asked for. */
export const DEFAULTS: DefaultTable = {
${rows.join('')}};
`;
}

/** The text of `generated/defaults/<group>/<Kind>.ts`. Versions that agree share one tree. */
export function printDefaults(byVersion: Readonly<Record<string, DefaultTree>>): string {
  const names = new Map<string, string>();
  const rows = Object.entries(byVersion).map(([version, tree]) => {
    const text = JSON.stringify(tree);
    const name = names.get(text) ?? `tree${names.size}`;
    names.set(text, name);
    return `  ${JSON.stringify(version)}: ${name},\n`;
  });
  const trees = [...names].map(([text, name]) => `const ${name}: DefaultTree = ${text};\n`);
  return `${GENERATED_NOTE}
import type { DefaultTree } from '../../../../api/default-tree.ts';

${trees.join('')}
export const defaults: Readonly<Record<string, DefaultTree>> = {
${rows.join('')}};
`;
}
