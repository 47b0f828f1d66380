/** What makes two objects the same one: kind, namespace and name. */

import type { MeshObject } from './object.ts';

interface Known {
  readonly defaultNamespace: string;
  readonly identity: string;
}

/** Each state of a mesh asks for the same objects again. */
const IDENTITIES = new WeakMap<MeshObject, Known>();

/** `kind|namespace|name`; `defaultNamespace` is that of objects that name none. Of cluster scope the namespace is ''. */
export function objectIdentity(object: MeshObject, defaultNamespace: string): string {
  const known = IDENTITIES.get(object);
  if (known?.defaultNamespace === defaultNamespace) return known.identity;
  const namespace = object.info?.scope === 'Cluster' ? '' : (object.meta.namespace ?? defaultNamespace);
  const identity = `${object.key}|${namespace}|${object.meta.name}`;
  IDENTITIES.set(object, { defaultNamespace, identity });
  return identity;
}
