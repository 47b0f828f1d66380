/** MeshConfig.discoverySelectors: the namespaces whose objects count. */

import { matchesSelector } from '../base/label-selector.ts';
import type { MeshObject } from '../config/object.ts';
import type { MeshConfig } from './mesh-settings.ts';

/** The API server puts it on every namespace. */
const NAME_LABEL = 'kubernetes.io/metadata.name';

/**
 * Names of the namespaces that one of the selectors chooses, sorted; undefined when there are no selectors, so that all
 * count. Of a namespace that has objects, but is none itself, only the name is known.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-discovery_selectors
 */
export function discoveredNamespaces(
  { discoverySelectors: selectors = [] }: MeshConfig,
  objects: readonly MeshObject[],
): readonly string[] | undefined {
  if (selectors.length === 0) return undefined;
  const labels = new Map<string, Readonly<Record<string, string>>>();
  for (const { meta, info } of objects) {
    const name = meta.namespace ?? 'default';
    if (info?.scope !== 'Cluster' && !labels.has(name)) labels.set(name, {});
  }
  for (const { key, meta } of objects) if (key === 'core/Namespace') labels.set(meta.name, meta.labels);
  return [...labels]
    .filter(([name, own]) => {
      const all = { ...own, [NAME_LABEL]: name };
      return selectors.some((selector) => matchesSelector(selector, all));
    })
    .map(([name]) => name)
    .sort();
}

/** Whether an object counts: those that are in no namespace always do. */
export function isDiscovered(
  { info, meta }: MeshObject,
  namespaces: ReadonlySet<string>,
  defaultNamespace: string,
): boolean {
  return info?.scope === 'Cluster' || namespaces.has(meta.namespace ?? defaultNamespace);
}
