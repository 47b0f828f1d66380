/** Finds and reads the schema files, and says precisely what is wrong with those that cannot be used. */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { KindSchema } from '../api/schema.ts';
import { checkSchema } from './check-schema.ts';

/** A schema and where it stands. */
export interface SchemaFile {
  /** From the project's root, with forward slashes: `schemas/core/Service.json`. */
  readonly path: string;
  /** The folder: the group, or `core`. */
  readonly folder: string;
  /** `group/Kind`, `core/Kind` for the core group. */
  readonly key: string;
  readonly schema: KindSchema;
}

/** A convention that a schema file breaks. */
export interface SchemaProblem {
  readonly file: string;
  /** JSON pointer to the place: `/$defs/Route/properties/weight`; empty for the whole file. */
  readonly pointer: string;
  readonly message: string;
}

/** `file#pointer: message`. */
export function formatProblem(problem: SchemaProblem): string {
  return `${problem.file}#${problem.pointer}: ${problem.message}`;
}

/** Not kinds, but what commands print as JSON. */
const OUTPUT_FOLDER = 'output';

/** Reads every `schemas/<folder>/<Kind>.json` under the root, in a fixed order. Broken ones become problems. */
export function readSchemas(root: string): { files: SchemaFile[]; problems: SchemaProblem[] } {
  const files: SchemaFile[] = [];
  const problems: SchemaProblem[] = [];
  for (const folder of namesIn(join(root, 'schemas'))) {
    if (folder === OUTPUT_FOLDER) continue;
    for (const name of namesIn(join(root, 'schemas', folder))) {
      if (!name.endsWith('.json')) continue;
      const file = `schemas/${folder}/${name}`;
      const parsed = parseJson(readFileSync(join(root, file), 'utf8'));
      const found =
        'error' in parsed
          ? [{ file, pointer: '', message: `is not JSON: ${parsed.error}` }]
          : checkSchema(parsed.value, { folder, name: name.slice(0, -'.json'.length) }).map((problem) => ({
              file,
              ...problem,
            }));
      problems.push(...found);
      if (found.length > 0 || 'error' in parsed) continue;
      const schema = parsed.value as KindSchema;
      files.push({ path: file, folder, key: `${folder}/${schema['x-mesh'].kind}`, schema });
    }
  }
  return { files, problems };
}

function parseJson(text: string): { value: unknown } | { error: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { error: (error as SyntaxError).message };
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
