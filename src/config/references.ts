/** The referential check: names by which objects refer to one another must exist, as far as the input can tell. */

import type { Finding } from './finding.ts';
import type { MeshObject } from './object.ts';

/** Findings on references to objects that the input lacks, though it has others of their kind. */
export function referenceFindings(
  _objects: readonly MeshObject[],
  _defaultNamespace: string,
): ReadonlyMap<MeshObject, readonly Finding[]> {
  return new Map();
}
