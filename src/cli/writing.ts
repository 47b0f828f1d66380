/** Making folders and files, with errors in words of ours. */

import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MeshError } from '../base/mesh-error.ts';

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'a file of that name is in the way',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder',
  ENOENT: 'the folder does not exist, and none can be made there',
  EACCES: 'the permissions do not allow it',
  EPERM: 'the permissions do not allow it',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  ENAMETOOLONG: 'the name is too long',
  ERR_INVALID_ARG_VALUE: 'the name has null bytes',
  ELOOP: 'the links on the path lead in a circle',
};

/**
 * Makes a folder, and those above it that are missing. Each is tried once: Node's own `recursive` does not end
 * where a file system such as /proc answers ENOENT for ever. Throws the system's error.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  let folder = path;
  while (!(await exists(folder)) && dirname(folder) !== folder) {
    missing.push(folder);
    folder = dirname(folder);
  }
  if (missing.length === 0 && !(await stat(path)).isDirectory()) {
    throw Object.assign(new Error(`${path} is a file`), { code: 'EEXIST' });
  }
  for (const one of missing.toReversed()) await mkdir(one);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** The `MeshError` (code `CannotWrite`) for a failure of the file system; other failures are thrown as they are. */
export function cannotWrite(place: string, cause: unknown): MeshError {
  if (!(cause instanceof Error) || !('code' in cause)) throw cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return new MeshError('CannotWrite', `cannot write to ${place}: ${REASONS[code] ?? message}`, {
    hint: 'Choose a place that you may write to.',
    cause,
  });
}
