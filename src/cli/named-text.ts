/** Reads the text of a single file that the user names, or of standard input. */

import { resolve } from 'node:path';
import { MeshError } from '../base/mesh-error.ts';
import { MAX_FILE_BYTES } from '../config/parse/bounds.ts';
import { problemError } from '../config/parse/problem.ts';
import { readText, STDIN } from '../config/sources/files.ts';
import type { Context } from './context.ts';

/** Throws a `MeshError` when there is no such file, or it is no text. */
export async function readNamedText(name: string, context: Context): Promise<string> {
  const stdin = name === STDIN ? await context.stdin.bytes(MAX_FILE_BYTES) : new Uint8Array();
  const read = readText(name === STDIN ? name : resolve(context.cwd, name), { readStdin: () => stdin });
  if ('text' in read) return read.text;
  const error = problemError(read.problem);
  throw new MeshError(error.code, error.message, {
    hint: error.hint,
    where: { ...error.where, file: name },
    cause: error,
  });
}
