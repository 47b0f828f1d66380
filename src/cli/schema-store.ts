/** The schemas of kinds that ship with the package. */

import { readFile } from 'node:fs/promises';
import type { KindInfo } from '../api/kind-info.ts';
import type { KindSchema } from '../api/schema.ts';

/** Two folders up both from the sources and from the bundle. */
const FOLDER = new URL('../../schemas/', import.meta.url);

/** The schema of a kind of the registry. */
export async function readSchema(info: KindInfo): Promise<KindSchema> {
  return JSON.parse(await readFile(new URL(`${info.key}.json`, FOLDER), 'utf8')) as KindSchema;
}
