/** The objects of the mesh by kind, and by namespace and name. */

import type { KindKey } from '../api/kind-info.ts';
import { objectIdentity } from '../config/identity.ts';
import type { MeshObject } from '../config/object.ts';

export class ObjectStore {
  readonly #byKind = new Map<KindKey, MeshObject[]>();
  readonly #byName = new Map<string, MeshObject>();
  /** Objects that a later one of the same name replaces. */
  readonly #replaced = new Map<KindKey, MeshObject[]>();
  /** The namespace of objects that name none. */
  readonly defaultNamespace: string;

  /** Of several objects with the same kind, namespace and name the last one counts, as when they are applied in order. */
  constructor(objects: Iterable<MeshObject>, defaultNamespace: string) {
    this.defaultNamespace = defaultNamespace;
    for (const object of objects) {
      const id = objectIdentity(object, defaultNamespace);
      const earlier = this.#byName.get(id);
      if (earlier !== undefined)
        this.#replaced.set(object.key, [...(this.#replaced.get(object.key) ?? []), earlier]);
      this.#byName.set(id, object);
    }
    for (const object of this.#byName.values()) {
      const list = this.#byKind.get(object.key);
      if (list === undefined) this.#byKind.set(object.key, [object]);
      else list.push(object);
    }
  }

  /** The namespace that counts: the default one where the input names none, '' for what has none. */
  namespaceOf(object: MeshObject): string {
    if (object.info?.scope === 'Cluster') return '';
    return object.meta.namespace ?? this.defaultNamespace;
  }

  list(kind: KindKey): readonly MeshObject[] {
    return this.#byKind.get(kind) ?? [];
  }

  /** All objects of a kind, those included that a later one of the same name replaces. */
  variants(kind: KindKey): readonly MeshObject[] {
    return [...this.list(kind), ...(this.#replaced.get(kind) ?? [])];
  }

  /** `namespace` is '' for kinds of cluster scope. */
  find(kind: KindKey, namespace: string, name: string): MeshObject | undefined {
    return this.#byName.get(`${kind}|${namespace}|${name}`);
  }
}
