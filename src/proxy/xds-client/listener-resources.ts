/** Listeners (LDS): takes what comes once the clusters are there. */

import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import {
  type Listener,
  ListenerSchema,
} from '../../xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import type { ListenerManager } from '../listeners/listener-manager.ts';
import type { StatsScope } from '../stats/stats.ts';
import type { ResourceSources } from './config-sources.ts';
import { LISTENER_TYPE, type RawResource, type Refusal } from './resource-types.ts';
import { WholeList } from './whole-list.ts';

export class ListenerResources {
  readonly #manager: ListenerManager;
  readonly #list: WholeList;

  constructor(manager: ListenerManager, sources: ResourceSources, stats: StatsScope) {
    this.#manager = manager;
    const scope = stats.scope('listener_manager.lds.');
    this.#list = new WholeList(sources, LISTENER_TYPE, scope, (added, removed) => this.#take(added, removed));
  }

  /** A listener of the bootstrap, which no update replaces. Throws what the manager throws. */
  putStatic(listener: Listener): void {
    this.#list.addStatic(listener.name);
    this.#manager.put(listener);
  }

  /** Asks for listeners. */
  follow(source: ConfigSource): void {
    this.#list.follow(source);
  }

  /** Resolves when listeners have come (or the time for it is over). */
  get answered(): Promise<void> {
    return this.#list.answered;
  }

  close(): void {
    this.#list.close();
  }

  #take(added: readonly RawResource[], removed: readonly string[]): readonly Refusal[] {
    // First those that go: one that comes may want their address.
    for (const name of removed) this.#manager.remove(name);
    const refusals: Refusal[] = [];
    for (const { name, value } of added) {
      try {
        const listener = anyUnpack(value, ListenerSchema);
        if (listener === undefined) throw new Error('it cannot be decoded');
        if (listener.name !== name) throw new Error(`it is called ${listener.name}`);
        this.#manager.put(listener);
      } catch (error) {
        refusals.push({ name, reason: (error as Error).message });
      }
    }
    return refusals;
  }
}
