/** The objects in force as resources, by kind, for other controllers that read them here. */

import type { KindInfo } from '../../api/kind-info.ts';
import type { MeshObject } from '../../config/object.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Resource } from '../../xds/resource.ts';
import { wantedKinds } from '../wanted-kinds.ts';
import { ENVELOPE_TYPE, envelopeName, toEnvelope } from './envelope.ts';
import { kindOfType } from './types.ts';

/** The resources of a type URL. */
export type ConfigLookup = (typeUrl: string) => readonly Resource[];

/** Makes each object a resource once, whoever asks for it. */
export class ConfigResources {
  readonly #served: ReadonlyMap<string, { readonly info: KindInfo; readonly namespace?: string | undefined }>;
  readonly #made = new WeakMap<MeshObject, Resource>();

  /** Serves what a controller reads of a cluster, and no more: no Secrets, of ConfigMaps its own namespace's. */
  constructor(istioNamespace: string) {
    this.#served = new Map(wantedKinds(istioNamespace).map((wanted) => [wanted.info.key, wanted]));
  }

  /** What a snapshot holds. Types that are not served have nothing. */
  of(snapshot: Snapshot): ConfigLookup {
    return (typeUrl) => {
      const served = this.#served.get(kindOfType(typeUrl)?.key ?? '');
      if (served === undefined) return [];
      const { info, namespace } = served;
      const objects = snapshot.list(info.key as Parameters<Snapshot['list']>[0]);
      return objects
        .filter((object) => namespace === undefined || snapshot.namespaceOf(object) === namespace)
        .map((object) => this.#resourceOf(object, snapshot.namespaceOf(object)));
    };
  }

  #resourceOf(object: MeshObject, namespace: string): Resource {
    let made = this.#made.get(object);
    if (made === undefined) {
      const name = envelopeName(object, namespace);
      this.#made.set(
        object,
        (made = { typeUrl: ENVELOPE_TYPE, name, message: toEnvelope(object, namespace) }),
      );
    }
    return made;
  }
}
