/** Writes a manifest to a file, or to a folder with a file a resource. */

import { writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { MeshError } from '../base/mesh-error.ts';
import { manifestFiles, manifestText } from '../install/manifest-text.ts';
import type { Resource } from '../install/resource.ts';
import { cannotWrite, makeFolder } from './writing.ts';

/** Returns the number of files. Throws a `MeshError` with code `CannotWrite`. */
export async function writeManifest(
  resources: readonly Resource[],
  place: string,
  cwd: string,
): Promise<number> {
  if (place === '') {
    throw new MeshError('BadFlagValue', '--output is empty, but must name a file or a folder', {
      hint: 'For this folder, write --output .',
    });
  }
  const target = resolve(cwd, place);
  try {
    if (/\.ya?ml$/.test(place)) {
      await makeFolder(dirname(target));
      await writeFile(target, manifestText(resources));
      return 1;
    }
    await makeFolder(target);
    const files = manifestFiles(resources);
    for (const { name, text } of files) await writeFile(resolve(target, name), text);
    return files.length;
  } catch (cause) {
    throw cannotWrite(place, cause);
  }
}
