/** Which objects the input has, by kind and name. */

import type { KindKey } from '../../api/kind-info.ts';
import type { MeshObject } from '../object.ts';

/** Looks objects up by the names that other objects use. */
export class ObjectNames {
  readonly #byKind = new Map<KindKey, Map<string, MeshObject>>();
  readonly #defaultNamespace: string;

  constructor(objects: readonly MeshObject[], defaultNamespace: string) {
    this.#defaultNamespace = defaultNamespace;
    for (const object of objects) {
      let names = this.#byKind.get(object.key);
      if (names === undefined) this.#byKind.set(object.key, (names = new Map()));
      names.set(`${this.namespaceOf(object)}/${object.meta.name}`, object);
    }
  }

  /** The namespace that the object is in. */
  namespaceOf(object: MeshObject): string {
    return object.meta.namespace ?? this.#defaultNamespace;
  }

  /** Whether the input has any object of the kind. */
  has(kind: KindKey): boolean {
    return this.#byKind.has(kind);
  }

  find(kind: KindKey, namespace: string, name: string): MeshObject | undefined {
    return this.#byKind.get(kind)?.get(`${namespace}/${name}`);
  }

  /** Names of the kind's objects in a namespace. */
  namesIn(kind: KindKey, namespace: string): readonly string[] {
    const prefix = `${namespace}/`;
    return [...(this.#byKind.get(kind)?.keys() ?? [])]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length));
  }
}
