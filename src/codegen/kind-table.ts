/** Makes the table of kinds that `src/api/kinds.ts` looks things up in. */

import type { KindInfo } from '../api/kind-info.ts';
import type { SchemaFile } from './schema-files.ts';

export const GENERATED_NOTE = '// Made by `npm run generate` from the files in schemas/; do not edit.\n';

/** What the registry keeps of a schema. */
export function kindInfo(file: SchemaFile): KindInfo {
  const { schema } = file;
  const header = schema['x-mesh'];
  return {
    key: file.key,
    group: header.group,
    kind: header.kind,
    plural: header.plural,
    singular: header.singular,
    shortNames: header.shortNames ?? [],
    scope: header.scope,
    versions: header.versions.map(({ schema: _own, ...version }) => version),
    ...(header.legacy === undefined ? {} : { legacy: header.legacy }),
    external: header.external === true,
    summary: schema.description,
  };
}

/** The text of `src/api/generated/kind-table.ts`, sorted by key. */
export function printKindTable(files: readonly SchemaFile[]): string {
  const rows = sortedByKey(files).map((file) => `  ${JSON.stringify(kindInfo(file))},\n`);
  return `${GENERATED_NOTE}
import type { KindInfo } from '../kind-info.ts';

export const KIND_TABLE: readonly KindInfo[] = [
${rows.join('')}];
`;
}

/** Files in the order of their keys, by code point. */
export function sortedByKey(files: readonly SchemaFile[]): SchemaFile[] {
  return files.toSorted((left, right) => (left.key < right.key ? -1 : 1));
}
