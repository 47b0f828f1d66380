/** Resources that are asked for by name and shared by all who use one: routes, secrets, settings of filters. */

import type { Any } from '@bufbuild/protobuf/wkt';
import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import { InitialFetches, type ResourceSources, sourceKey } from './config-sources.ts';
import type { RawResource, Refusal } from './resource-types.ts';
import type { UpdateStats } from './update-stats.ts';

interface Entry<Value> {
  readonly name: string;
  value: Value | undefined;
  readonly users: Set<(value: Value) => void>;
  readonly warm: PromiseWithResolvers<void>;
  /** Undefined where nobody counts. */
  readonly updates: UpdateStats | undefined;
  release(): void;
}

/** One use of a resource. */
export interface NamedHandle<Value> {
  /** Undefined before it has come. */
  readonly value: Value | undefined;
  /** Settles when it has come, or when nothing more is to be waited for. */
  readonly warm: Promise<void>;
  release(): void;
}

/** Hears which values are in force. */
export interface ValueOwner<Value> {
  /** As often as something is in force under it. */
  onHeld(value: Value): void;
  onLeft(value: Value): void;
}

export class NamedResources<Value> {
  readonly #sources: ResourceSources;
  readonly #typeUrl: string;
  readonly #read: (value: Any, name: string) => Value;
  /** By source and name: two sources may have something of the same name. */
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #fetches = new InitialFetches();
  readonly #owner: ValueOwner<Value> | undefined;

  /** `read` makes the value of a resource, or throws why it cannot be taken. */
  constructor(
    sources: ResourceSources,
    typeUrl: string,
    read: (value: Any, name: string) => Value,
    owner?: ValueOwner<Value>,
  ) {
    this.#owner = owner;
    this.#sources = sources;
    this.#typeUrl = typeUrl;
    this.#read = read;
    sources.handle(typeUrl, { apply: (added, removed) => this.#take(added, removed) });
  }

  /**
   * `onValue` hears what there is and what comes; what it throws refuses the resource. Throws an
   * `UnsupportedError` for a source that is not there. `counted` makes the counters of its updates, those of the first
   * who uses it, which go with the last.
   */
  subscribe(
    name: string,
    source: ConfigSource,
    onValue: (value: Value) => void,
    counted?: () => UpdateStats,
  ): NamedHandle<Value> {
    const key = `${sourceKey(source)}\0${name}`;
    const entry = this.#entries.get(key) ?? this.#open(key, name, source, counted?.());
    // Each use counts, also where several have the same function.
    const user = (value: Value): void => onValue(value);
    entry.users.add(user);
    const release = (): void => {
      if (!entry.users.delete(user) || entry.users.size > 0) return;
      this.#entries.delete(key);
      this.#fetches.done(key);
      entry.warm.resolve();
      if (entry.value !== undefined) this.#owner?.onLeft(entry.value);
      entry.release();
      entry.updates?.release();
    };
    try {
      if (entry.value !== undefined) onValue(entry.value);
    } catch (error) {
      release();
      throw error;
    }
    return {
      get value() {
        return entry.value;
      },
      warm: entry.warm.promise,
      release,
    };
  }

  close(): void {
    this.#fetches.close();
  }

  #open(key: string, name: string, source: ConfigSource, updates: UpdateStats | undefined): Entry<Value> {
    const warm = Promise.withResolvers<void>();
    const entry: Entry<Value> = {
      name,
      value: undefined,
      users: new Set(),
      warm,
      updates,
      release: () => undefined,
    };
    this.#entries.set(key, entry);
    this.#fetches.start(key, source, () => {
      updates?.timedOut();
      warm.resolve();
    });
    updates?.ask(source);
    try {
      entry.release = this.#sources.subscribe(source, this.#typeUrl, name);
    } catch (error) {
      this.#entries.delete(key);
      this.#fetches.done(key);
      updates?.release();
      throw error;
    }
    return entry;
  }

  *#named(name: string): Iterable<readonly [string, Entry<Value>]> {
    for (const one of this.#entries) if (one[1].name === name) yield one;
  }

  #take(added: readonly RawResource[], removed: readonly string[]): readonly Refusal[] {
    const refusals: Refusal[] = [];
    for (const { name, value: raw } of added) {
      const entries = [...this.#named(name)];
      if (entries.length === 0) continue;
      for (const [key] of entries) this.#fetches.done(key);
      try {
        const value = this.#read(raw, name);
        for (const [, entry] of entries) {
          for (const onValue of entry.users) onValue(value);
          const before = entry.value;
          this.#owner?.onHeld(value);
          entry.value = value;
          if (before !== undefined) this.#owner?.onLeft(before);
          entry.warm.resolve();
        }
        for (const [, { updates }] of entries) updates?.took(0, 1, raw.value);
      } catch (error) {
        refusals.push({ name, reason: (error as Error).message });
        for (const [, { updates }] of entries) updates?.took(1, 1);
      }
    }
    // There is none of that name: what was in force stays, as in Envoy, and nobody has to wait any longer.
    for (const name of removed) {
      for (const [key, { warm }] of this.#named(name)) {
        this.#fetches.done(key);
        warm.resolve();
      }
    }
    return refusals;
  }
}
