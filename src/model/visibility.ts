/** exportTo: which namespaces may see a service, a VirtualService or a DestinationRule. */

import type { MeshObject } from '../config/object.ts';

/** Everybody (`all`), or the namespaces of the set. An empty set is visible to nobody (`~`). */
export type Visibility =
  | { readonly all: true }
  | { readonly all: false; readonly namespaces: ReadonlySet<string> };

const EVERYBODY: Visibility = { all: true };

/** The annotation that gives a Kubernetes Service an exportTo. */
export const EXPORT_TO_ANNOTATION = 'networking.istio.io/exportTo';

/**
 * Reads an exportTo list of an object in `namespace`: `*` is everybody, `.` the object's own namespace, `~`
 * nobody, whatever else is listed; no list at all is everybody, or the mesh's default when it has one.
 */
export function visibilityOf(
  exportTo: readonly string[] | undefined,
  namespace: string,
  meshDefault: readonly string[] = [],
): Visibility {
  const list = exportTo === undefined || exportTo.length === 0 ? meshDefault : exportTo;
  if (list.length === 0 || list.includes('*')) return EVERYBODY;
  const shown = list.includes('~') ? [] : list.map((entry) => (entry === '.' ? namespace : entry));
  return { all: false, namespaces: new Set(shown) };
}

/** The exportTo list in a Service's annotation (comma-separated), undefined without one. */
export function exportToAnnotation(object: MeshObject): readonly string[] | undefined {
  const text = object.meta.annotations[EXPORT_TO_ANNOTATION];
  if (text === undefined || text.trim() === '') return undefined;
  return text.split(',').map((part) => part.trim());
}

/** Whether a namespace is among those that may see it. */
export function isVisibleFrom(visibility: Visibility, namespace: string): boolean {
  return visibility.all || visibility.namespaces.has(namespace);
}

/** Whether some namespace is among those that may see either. */
export function visibilitiesMeet(a: Visibility, b: Visibility): boolean {
  if (a.all) return b.all || b.namespaces.size > 0;
  if (b.all) return a.namespaces.size > 0;
  return [...a.namespaces].some((namespace) => b.namespaces.has(namespace));
}

/**
 * Namespaces from which the services that a rule names have to be seen: those that it is exported to by name,
 * or its own when it counts everywhere or only there.
 */
export function viewersOf(exportTo: readonly string[] | undefined, namespace: string): readonly string[] {
  if (exportTo === undefined || exportTo.length === 0 || exportTo.includes('*')) return [namespace];
  return exportTo.filter((entry) => entry !== '~').map((entry) => (entry === '.' ? namespace : entry));
}
