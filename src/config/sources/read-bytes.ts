/** Reads the bytes of a file, however it is made, within the bound of what one file may be. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { MAX_FILE_BYTES } from '../parse/bounds.ts';

const CHUNK_BYTES = 64 * 1024;

/**
 * All bytes of a file; undefined when there are more than `limit`. The size that the file system tells is only
 * a first guess: pipes and devices have none, and some of these never end. Throws what the file system says.
 */
export function readBytes(file: string, limit: number = MAX_FILE_BYTES): Uint8Array | undefined {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    if (size > limit) return undefined;
    // One byte more than expected, so that the end shows in one read.
    let buffer = Buffer.allocUnsafe(size === 0 ? CHUNK_BYTES : size + 1);
    let length = 0;
    for (;;) {
      const read = readSync(descriptor, buffer, length, buffer.length - length, null);
      if (read === 0) return buffer.subarray(0, length);
      length += read;
      if (length > limit) return undefined;
      if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Why a file or folder cannot be read, in words; `error` is what the file system threw. */
export function readFailure(name: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      // A name that is no UTF-8 comes with replacement characters, and leads nowhere.
      return name.includes('\uFFFD') ? 'its name is not valid UTF-8' : 'it does not exist';
    case 'EACCES':
    case 'EPERM':
      return 'permission is denied';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOTDIR':
      return 'part of its path is no folder';
    case 'ELOOP':
      return 'its symbolic links lead in a circle';
    case 'ENAMETOOLONG':
      return 'its name is too long';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
