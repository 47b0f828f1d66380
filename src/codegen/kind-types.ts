/** Prints the map from a kind's key to its TypeScript type, which gives lookups in the model their types. */

import type { KindSchema } from '../api/schema.ts';
import { GENERATED_NOTE } from './kind-table.ts';
import { kindTypeName } from './types.ts';

/** The text of `src/api/generated/kind-types.ts`. */
export function printKindTypes(schemas: readonly KindSchema[]): string {
  const rows = schemas.map((schema) => {
    const { group, kind } = schema['x-mesh'];
    const folder = group === '' ? 'core' : group;
    return `  readonly '${folder}/${kind}': import('./types/${folder}/${kind}.ts').${kindTypeName(kind)};\n`;
  });
  return `${GENERATED_NOTE}\n/** The type of each kind, by its key. */\nexport interface KindTypes {\n${rows.join('')}}\n`;
}
