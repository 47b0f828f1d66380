/** The objects of one kind as another control plane has told of them. */

import { MeshError } from '../../base/mesh-error.ts';
import type { AdmissionOptions, Rejection } from '../../config/admission.ts';
import type { MeshObject } from '../../config/object.ts';
import type { ChangeSet } from '../../config/sources/source.ts';
import { KindObjects, type ObjectState } from '../../kube/kind-objects.ts';
import type { DeltaDiscoveryResponse } from '../../xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js';
import { fromEnvelope } from '../config-service/envelope.ts';

export interface Taken {
  readonly change: ChangeSet;
  readonly isRejectionChanged: boolean;
  /** What is wrong with what came, to be told to the one who sent it. */
  readonly errors: readonly string[];
}

export class UpstreamKind {
  /** By name of the resource: its version, as it is told to the other side when it is met again. */
  readonly versions = new Map<string, string>();
  /** The other side has answered for this kind. */
  isKnown = false;
  readonly #typeUrl: string;
  readonly #origin: string;
  readonly #objects: KindObjects;
  /** By name of the resource: what it was last. */
  readonly #latest = new Map<string, MeshObject>();
  /** By name of the resource: why it could not be read. */
  readonly #unreadable = new Map<string, Rejection>();

  constructor(typeUrl: string, origin: string, options: AdmissionOptions) {
    this.#typeUrl = typeUrl;
    this.#origin = origin;
    this.#objects = new KindObjects(options);
  }

  get objects(): readonly MeshObject[] {
    return this.#objects.objects;
  }

  get rejections(): readonly Rejection[] {
    return [...this.#objects.rejections, ...this.#unreadable.values()];
  }

  /** Takes a response; what is bad in it is set aside, and the rest is in force. */
  async take({ resources, removedResources }: DeltaDiscoveryResponse): Promise<Taken> {
    this.isKnown = true;
    const before = this.#unreadable.size;
    const states: ObjectState[] = [];
    const read = new Set<string>();
    for (const { name, version, resource } of resources) {
      const place = `${this.#origin}/${this.#typeUrl}/${name}`;
      try {
        if (resource === undefined) throw new MeshError('BadConfigResource', 'it has no content');
        const object = fromEnvelope(resource, this.#typeUrl, place);
        this.#unreadable.delete(name);
        this.#latest.set(name, object);
        this.versions.set(name, version);
        states.push({ object, isGone: false });
        read.add(place);
      } catch (error) {
        if (!(error instanceof MeshError)) throw error;
        this.#setAside(name, place, error);
      }
    }
    for (const name of removedResources) {
      this.versions.delete(name);
      this.#unreadable.delete(name);
      const object = this.#latest.get(name);
      this.#latest.delete(name);
      if (object !== undefined) states.push({ object, isGone: true });
    }
    const { changed, removed, isRejectionChanged } = await this.#objects.apply(states);
    const refused = this.#objects.rejections.filter(({ file }) => read.has(file));
    const unreadable = resources.flatMap(({ name }) => this.#unreadable.get(name) ?? []);
    return {
      change: { changed, removed },
      isRejectionChanged: isRejectionChanged || before !== this.#unreadable.size || unreadable.length > 0,
      errors: [...refused, ...unreadable].map(
        ({ object, file, errors }) => `${object ?? file}: ${errors.join(', ')}`,
      ),
    };
  }

  /** What cannot be read leaves in force what there was before. */
  #setAside(name: string, place: string, { message, hint }: MeshError): void {
    this.#unreadable.set(name, {
      file: place,
      line: undefined,
      object: undefined,
      errors: [hint === undefined ? message : `${message}. ${hint}`],
      isEarlierInForce: this.#latest.has(name),
    });
  }
}
