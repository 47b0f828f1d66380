/** Reads the CustomResourceDefinitions that the build has put beside the program. */

import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CustomResourceDefinition } from '../api/custom-resource.ts';
import { MeshError } from '../base/mesh-error.ts';

/**
 * The definitions in a folder (`dist/crds` of the package), sorted by name. `group` limits them to one API
 * group. Throws a `MeshError` with code `BrokenPackage` when the folder cannot be read.
 */
export async function readCrds(folder: string, group?: string): Promise<CustomResourceDefinition[]> {
  try {
    const files = (await readdir(folder)).filter((file) => file.endsWith('.json'));
    const all = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
    return all
      .map((text) => JSON.parse(text) as CustomResourceDefinition)
      .filter((crd) => group === undefined || crd.spec.group === group)
      .toSorted((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
  } catch (cause) {
    throw new MeshError('BrokenPackage', `the definitions of kinds in ${folder} cannot be read`, {
      hint: 'Install the package again; from a source tree, run `npm run build`.',
      cause,
    });
  }
}
