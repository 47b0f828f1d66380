/** Clusters (CDS) and their endpoints (EDS): takes what comes, and asks for the endpoints of what is there. */

import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import { ClusterLoadAssignmentSchema } from '../../xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import { textField } from '../../xds/proto/wire-fields.ts';
import type { StatsScope } from '../stats/stats.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import { InitialFetches, type ResourceSources, sourceKey } from './config-sources.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE, type RawResource, type Refusal } from './resource-types.ts';
import { WholeList } from './whole-list.ts';

/** Number of the field in `envoy/config/cluster/v3/cluster.proto`. */
const NAME = 1;

interface WantedEndpoints {
  /** How the source is written, so that another one is seen. */
  readonly key: string;
  release(): void;
}

export class ClusterResources {
  readonly #manager: ClusterManager;
  readonly #sources: ResourceSources;
  readonly #list: WholeList;
  readonly #edsSources = new Map<string, ConfigSource>();
  readonly #wanted = new Map<string, WantedEndpoints>();
  readonly #fetches = new InitialFetches();

  constructor(manager: ClusterManager, sources: ResourceSources, stats: StatsScope) {
    this.#manager = manager;
    this.#sources = sources;
    const scope = stats.scope('cluster_manager.cds.');
    this.#list = new WholeList(sources, CLUSTER_TYPE, scope, (added, removed) =>
      this.#takeClusters(added, removed),
    );
    sources.handle(ENDPOINT_TYPE, { apply: (added, removed) => this.#takeEndpoints(added, removed) });
  }

  /** A cluster of the bootstrap, encoded, which no update replaces. Throws what the manager throws. */
  putStatic(name: string, cluster: Uint8Array): void {
    this.#list.addStatic(name);
    this.#put(cluster);
  }

  /** Names of the clusters of the bootstrap, in its order. */
  get statics(): Iterable<string> {
    return this.#list.statics;
  }

  /** Begins to ask for endpoints of the static clusters, which may be needed to ask for anything else. */
  startStatic(): void {
    this.#followEndpoints();
  }

  /** Asks for clusters. */
  follow(source: ConfigSource): void {
    this.#list.follow(source);
  }

  /** Resolves when clusters have come (or the time for it is over). */
  get answered(): Promise<void> {
    return this.#list.answered;
  }

  /** Resolves when nothing warms up any more. */
  async warm(): Promise<void> {
    for (;;) {
      const names = [...this.#manager.warming].map(({ name }) => name);
      if (names.length === 0) return;
      await Promise.all(names.map((name) => this.#manager.warm(name)));
    }
  }

  close(): void {
    this.#list.close();
    this.#fetches.close();
    for (const { release } of this.#wanted.values()) release();
    this.#wanted.clear();
  }

  #takeClusters(added: readonly RawResource[], removed: readonly string[]): readonly Refusal[] {
    const refusals: Refusal[] = [];
    for (const { name, value } of added) {
      try {
        if (value.typeUrl !== CLUSTER_TYPE) throw new Error('it cannot be decoded');
        const called = textField(value.value, NAME);
        if (called !== name) throw new Error(`it is called ${called}`);
        this.#put(value.value);
      } catch (error) {
        refusals.push({ name, reason: (error as Error).message });
      }
    }
    for (const name of removed) this.#manager.remove(name);
    this.#followEndpoints();
    return refusals;
  }

  #put(cluster: Uint8Array): void {
    const source = this.#manager.put(cluster);
    if (source !== undefined) this.#edsSources.set(source.edsName, source.edsConfig);
  }

  /** Asks for the endpoints of the clusters that there are now, and for no others. */
  #followEndpoints(): void {
    const names = this.#manager.edsNames;
    for (const name of names) {
      const source = this.#edsSources.get(name);
      if (source === undefined) continue;
      const key = sourceKey(source);
      const before = this.#wanted.get(name);
      if (before?.key === key) continue;
      this.#fetches.start(name, source, () => this.#manager.giveUpWaiting(name));
      const release = this.#ask(source, name);
      before?.release();
      this.#wanted.set(name, { key, release });
    }
    for (const [name, { release }] of this.#wanted) {
      if (names.has(name)) continue;
      release();
      this.#wanted.delete(name);
      this.#edsSources.delete(name);
      this.#fetches.done(name);
    }
  }

  /** A file may have gone since its cluster was taken: nothing will come then. */
  #ask(source: ConfigSource, name: string): () => void {
    try {
      return this.#sources.subscribe(source, ENDPOINT_TYPE, name);
    } catch {
      this.#fetches.done(name);
      this.#manager.giveUpWaiting(name);
      return () => undefined;
    }
  }

  #takeEndpoints(added: readonly RawResource[], removed: readonly string[]): readonly Refusal[] {
    const refusals: Refusal[] = [];
    for (const { name, value } of added) {
      this.#fetches.done(name);
      try {
        const assignment = anyUnpack(value, ClusterLoadAssignmentSchema);
        if (assignment === undefined) throw new Error('it cannot be decoded');
        this.#manager.assign(assignment);
      } catch (error) {
        refusals.push({ name, reason: (error as Error).message });
      }
    }
    // There are no such endpoints: nothing more will come that could be waited for.
    for (const name of removed) {
      this.#fetches.done(name);
      this.#manager.giveUpWaiting(name);
    }
    return refusals;
  }
}
