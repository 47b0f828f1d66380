/** The objects in the texts that the library is given. */

import type { MeshObject } from '../config/object.ts';
import type { Problem } from '../config/parse/problem.ts';
import type { Input } from './input.ts';

/** The objects of all files, and what kept others from being read. */
export interface ParsedFiles {
  readonly objects: readonly MeshObject[];
  readonly problems: readonly Problem[];
  readonly skipped: number;
}

/** Parses all files. Never rejects because of what they hold. */
export async function parseFiles({ files }: Input, strictFiles: boolean): Promise<ParsedFiles> {
  const { parseText } = await import('../config/parse/parse.ts');
  const parsed = files.map(({ path, text }) => parseText(text, path, { strictFiles }));
  return {
    objects: parsed.flatMap(({ objects }) => objects),
    problems: parsed.flatMap(({ problems }) => problems),
    skipped: parsed.reduce((sum, { skipped }) => sum + skipped, 0),
  };
}
