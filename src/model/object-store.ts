/** The objects of the mesh by kind, and by namespace and name. */

import type { KindKey } from '../api/kind-info.ts';
import type { MeshObject } from '../config/object.ts';

export class ObjectStore {
  readonly #byKind = new Map<KindKey, MeshObject[]>();
  readonly #byName = new Map<string, MeshObject>();
  readonly #defaultNamespace: string;

  /** The first of several objects with the same kind, namespace and name is found by name; all are listed. */
  constructor(objects: Iterable<MeshObject>, defaultNamespace: string) {
    this.#defaultNamespace = defaultNamespace;
    for (const object of objects) {
      const list = this.#byKind.get(object.key);
      if (list === undefined) this.#byKind.set(object.key, [object]);
      else list.push(object);
      const id = `${object.key}|${this.namespaceOf(object)}|${object.meta.name}`;
      if (!this.#byName.has(id)) this.#byName.set(id, object);
    }
  }

  /** The namespace that counts: the default one where the input names none, '' for what has none. */
  namespaceOf(object: MeshObject): string {
    if (object.info?.scope === 'Cluster') return '';
    return object.meta.namespace ?? this.#defaultNamespace;
  }

  list(kind: KindKey): readonly MeshObject[] {
    return this.#byKind.get(kind) ?? [];
  }

  /** `namespace` is '' for kinds of cluster scope. */
  find(kind: KindKey, namespace: string, name: string): MeshObject | undefined {
    return this.#byName.get(`${kind}|${namespace}|${name}`);
  }
}
