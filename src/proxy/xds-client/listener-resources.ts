/** Listeners (LDS): takes what comes once the clusters are there. */

import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import {
  type Listener,
  ListenerSchema,
} from '../../xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import type { ListenerManager } from '../listeners/listener-manager.ts';
import type { StatsScope } from '../stats/stats.ts';
import { InitialFetches, type ResourceSources } from './config-sources.ts';
import { LISTENER_TYPE, type RawResource, type Refusal } from './resource-types.ts';
import { UpdateStats } from './update-stats.ts';

export class ListenerResources {
  readonly #manager: ListenerManager;
  readonly #sources: ResourceSources;
  readonly #statics = new Set<string>();
  readonly #fetches = new InitialFetches();
  readonly #answered = Promise.withResolvers<void>();
  readonly #stats: StatsScope;
  /** There from the moment on that somebody is asked. */
  #updates: UpdateStats | undefined;

  constructor(manager: ListenerManager, sources: ResourceSources, stats: StatsScope) {
    this.#manager = manager;
    this.#sources = sources;
    this.#stats = stats;
    sources.handle(LISTENER_TYPE, { apply: (added, removed) => this.#take(added, removed) });
  }

  /** A listener of the bootstrap, which no update replaces. Throws what the manager throws. */
  putStatic(listener: Listener): void {
    this.#statics.add(listener.name);
    this.#manager.put(listener);
  }

  /** Asks for listeners. */
  follow(source: ConfigSource): void {
    const updates = new UpdateStats(this.#stats.scope('listener_manager.lds.'));
    this.#updates = updates;
    this.#fetches.start('', source, () => {
      updates.timedOut();
      this.#answered.resolve();
    });
    updates.attempt();
    this.#sources.subscribe(source, LISTENER_TYPE, undefined);
  }

  /** Resolves when listeners have come (or the time for it is over). */
  get answered(): Promise<void> {
    return this.#answered.promise;
  }

  close(): void {
    this.#fetches.close();
  }

  #take(added: readonly RawResource[], removed: readonly string[]): readonly Refusal[] {
    this.#fetches.done('');
    // First those that go: one that comes may want their address.
    for (const name of removed) if (!this.#statics.has(name)) this.#manager.remove(name);
    const refusals: Refusal[] = [];
    for (const { name, value } of added) {
      if (this.#statics.has(name)) continue;
      try {
        const listener = anyUnpack(value, ListenerSchema);
        if (listener === undefined) throw new Error('it cannot be decoded');
        if (listener.name !== name) throw new Error(`it is called ${listener.name}`);
        this.#manager.put(listener);
      } catch (error) {
        refusals.push({ name, reason: (error as Error).message });
      }
    }
    this.#updates?.took(refusals.length, added.length + removed.length);
    this.#answered.resolve();
    return refusals;
  }
}
