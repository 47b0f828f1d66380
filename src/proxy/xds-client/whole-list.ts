/** A type of which all resources are asked for, as clusters and listeners: what the controller does not name is gone. */

import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import type { StatsScope } from '../stats/stats.ts';
import { InitialFetches, type ResourceSources } from './config-sources.ts';
import type { RawResource, Refusal } from './resource-types.ts';
import { UpdateStats } from './update-stats.ts';

/** Takes what comes; what cannot be taken is returned. */
export type TakeList = (added: readonly RawResource[], removed: readonly string[]) => readonly Refusal[];

export class WholeList {
  readonly #sources: ResourceSources;
  readonly #typeUrl: string;
  readonly #stats: StatsScope;
  readonly #statics = new Set<string>();
  readonly #fetches = new InitialFetches();
  readonly #answered = Promise.withResolvers<void>();
  /** There from the moment on that somebody is asked. */
  #updates: UpdateStats | undefined;

  constructor(sources: ResourceSources, typeUrl: string, stats: StatsScope, take: TakeList) {
    this.#sources = sources;
    this.#typeUrl = typeUrl;
    this.#stats = stats;
    sources.handle(typeUrl, {
      apply: (added, removed) => {
        this.#fetches.done('');
        const refusals = take(
          added.filter(({ name }) => !this.#statics.has(name)),
          removed.filter((name) => !this.#statics.has(name)),
        );
        this.#updates?.took(refusals.length, added.length + removed.length);
        this.#answered.resolve();
        return refusals;
      },
    });
  }

  /** Names of those in the bootstrap, which no update replaces. */
  get statics(): ReadonlySet<string> {
    return this.#statics;
  }

  addStatic(name: string): void {
    this.#statics.add(name);
  }

  /** Asks for the list. */
  follow(source: ConfigSource): void {
    const updates = new UpdateStats(this.#stats);
    this.#updates = updates;
    this.#fetches.start('', source, () => {
      updates.timedOut();
      this.#answered.resolve();
    });
    updates.ask(source);
    this.#sources.subscribe(source, this.#typeUrl, undefined);
  }

  /** Resolves when the list has come (or the time for it is over). */
  get answered(): Promise<void> {
    return this.#answered.promise;
  }

  close(): void {
    this.#fetches.close();
  }
}
