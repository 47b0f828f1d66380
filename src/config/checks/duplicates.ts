/** Two objects of one name: the later would replace the earlier, whichever was meant. */

import type { Finding } from '../finding.ts';
import { objectName } from '../object.ts';
import type { MeshObject } from '../object.ts';

/** Findings on each object whose group, kind, namespace and name an earlier object has. */
export function duplicateFindings(
  objects: readonly MeshObject[],
  defaultNamespace: string,
): ReadonlyMap<MeshObject, readonly Finding[]> {
  const first = new Map<string, MeshObject>();
  const findings = new Map<MeshObject, readonly Finding[]>();
  for (const object of objects) {
    if (object.meta.name === '') continue;
    const scope = object.info?.scope === 'Cluster' ? '' : (object.meta.namespace ?? defaultNamespace);
    const identity = `${object.key}\n${scope}\n${object.meta.name}`;
    const earlier = first.get(identity);
    if (earlier === undefined) {
      first.set(identity, object);
      continue;
    }
    const { file, line } = earlier.source;
    const isSameFile = file === object.source.file;
    // Variants of an object in several files are applied one at a time; equal ones (a Namespace in each file)
    // do no harm at all.
    if (!isSameFile && JSON.stringify(earlier.value) === JSON.stringify(object.value)) continue;
    findings.set(object, [
      {
        check: 'Duplicate',
        level: isSameFile ? 'Error' : 'Warning',
        path: ['metadata', 'name'],
        message: `${objectName(object)} is defined before, at ${file}:${line}`,
        hint: isSameFile
          ? 'Rename one of the two, or remove it.'
          : 'Applied together, the later replaces the earlier.',
      },
    ]);
  }
  return findings;
}
