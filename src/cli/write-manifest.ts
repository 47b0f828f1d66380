/** Writes a manifest to a file, or to a folder with a file a resource. */

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { MeshError } from '../base/mesh-error.ts';
import { manifestFiles, manifestText } from '../install/manifest-text.ts';
import type { Resource } from '../install/resource.ts';

/** Returns the number of files. Throws a `MeshError` with code `CannotWrite`. */
export async function writeManifest(
  resources: readonly Resource[],
  place: string,
  cwd: string,
): Promise<number> {
  const target = resolve(cwd, place);
  try {
    if (/\.ya?ml$/.test(place)) {
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, manifestText(resources));
      return 1;
    }
    await mkdir(target, { recursive: true });
    const files = manifestFiles(resources);
    for (const { name, text } of files) await writeFile(resolve(target, name), text);
    return files.length;
  } catch (cause) {
    if (!(cause instanceof Error) || !('syscall' in cause)) throw cause;
    throw new MeshError('CannotWrite', `cannot write to ${place}: ${cause.message}`, {
      hint: 'Choose a place that you may write to.',
      cause,
    });
  }
}
