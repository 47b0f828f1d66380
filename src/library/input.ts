/** What the library is given: texts, and the objects in them. */

import type { MeshObject } from '../config/object.ts';
import type { Problem } from '../config/parse/problem.ts';

/** A text to check, of one or more YAML or JSON documents. */
export interface SourceFile {
  /** How findings name it; it is not opened. */
  readonly path: string;
  readonly text: string;
}

/** What is checked together: files see one another's objects. */
export interface Input {
  readonly files: readonly SourceFile[];
}

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
