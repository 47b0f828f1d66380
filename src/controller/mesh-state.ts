/** The controller's own state: configuration in force, the snapshot made of it, and what became of it. */

import { isDeepStrictEqual } from 'node:util';
import { meshFromObjects } from '../analysis/mesh-input.ts';
import type { Rejection } from '../config/admission.ts';
import type { MeshObject } from '../config/object.ts';
import type { ConfigSource } from '../config/sources/source.ts';
import { discoveredNamespaces } from '../model/discovery-selectors.ts';
import { type MeshConfig, meshSettings } from '../model/mesh-settings.ts';
import { Snapshot } from '../model/snapshot.ts';

export interface MeshStateOptions {
  readonly sources: readonly ConfigSource[];
  readonly istioNamespace: string;
  readonly domain: string;
  /** What the cluster is called in metrics. */
  readonly clusterId: string;
}

export class MeshState {
  /** From the file of `--mesh-config`; without one the ConfigMap in the configuration counts. */
  meshConfig: MeshConfig | undefined;
  /** Why the file's newest text is not in force. */
  meshConfigError: string | undefined;
  snapshot: Snapshot | undefined;
  readonly #options: MeshStateOptions;

  constructor(options: MeshStateOptions) {
    this.#options = options;
  }

  get sources(): readonly ConfigSource[] {
    return this.#options.sources;
  }

  get objects(): readonly MeshObject[] {
    return this.#options.sources.flatMap(({ objects }) => objects);
  }

  get rejections(): readonly Rejection[] {
    return this.#options.sources.flatMap(({ rejections }) => rejections);
  }

  /** Makes the snapshot of what is in force now. */
  rebuild(): Snapshot {
    const { istioNamespace, domain, clusterId } = this.#options;
    const { objects } = this;
    const input = meshFromObjects(objects, istioNamespace);
    const config = this.meshConfig ?? input.config ?? {};
    const { networks } = input;
    const discovered = discoveredNamespaces(config, objects);
    const made = meshSettings(config, { networks, istioNamespace, domain, clusterId, discovered });
    const before = this.snapshot?.mesh;
    // Settings that are equal stay the same value, which tells that what was made with them still holds.
    const mesh = before !== undefined && isDeepStrictEqual(before, made) ? before : made;
    this.snapshot = Snapshot.build(objects, { mesh, before: this.snapshot });
    return this.snapshot;
  }
}
