/** Settings of filters by name (ECDS). */

import { type Any, anyUnpack } from '@bufbuild/protobuf/wkt';
import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import { TypedExtensionConfigSchema } from '../../xds/proto/generated/envoy/config/core/v3/extension_pb.js';
import type { ExtensionConfigs, ExtensionHandle } from '../listeners/network-filter.ts';
import { InitialFetches, type ResourceSources } from './config-sources.ts';
import { EXTENSION_TYPE, type RawResource, type Refusal } from './resource-types.ts';

interface NamedSettings {
  settings: Any | undefined;
  readonly users: Set<(settings: Any) => void>;
  readonly warm: PromiseWithResolvers<void>;
  release(): void;
}

export class ExtensionResources implements ExtensionConfigs {
  readonly #sources: ResourceSources;
  readonly #named = new Map<string, NamedSettings>();
  readonly #fetches = new InitialFetches();

  constructor(sources: ResourceSources) {
    this.#sources = sources;
    sources.handle(EXTENSION_TYPE, { apply: (added, removed) => this.#take(added, removed) });
  }

  subscribe(name: string, source: ConfigSource, onConfig: (settings: Any) => void): ExtensionHandle {
    const entry = this.#named.get(name) ?? this.#open(name, source);
    if (entry.settings !== undefined) onConfig(entry.settings);
    entry.users.add(onConfig);
    return {
      warm: entry.warm.promise,
      release: () => {
        if (!entry.users.delete(onConfig) || entry.users.size > 0) return;
        this.#named.delete(name);
        this.#fetches.done(name);
        entry.warm.resolve();
        entry.release();
      },
    };
  }

  close(): void {
    this.#fetches.close();
  }

  #open(name: string, source: ConfigSource): NamedSettings {
    const entry: NamedSettings = {
      settings: undefined,
      users: new Set(),
      warm: Promise.withResolvers<void>(),
      release: () => undefined,
    };
    this.#named.set(name, entry);
    this.#fetches.start(name, source, () => entry.warm.resolve());
    try {
      entry.release = this.#sources.subscribe(source, EXTENSION_TYPE, name);
    } catch (error) {
      this.#named.delete(name);
      this.#fetches.done(name);
      throw error;
    }
    return entry;
  }

  #take(added: readonly RawResource[], removed: readonly string[]): readonly Refusal[] {
    const refusals: Refusal[] = [];
    for (const { name, value } of added) {
      const entry = this.#named.get(name);
      if (entry === undefined) continue;
      this.#fetches.done(name);
      try {
        const settings = anyUnpack(value, TypedExtensionConfigSchema)?.typedConfig;
        if (settings === undefined) throw new Error('it has no typed_config');
        for (const onConfig of entry.users) onConfig(settings);
        entry.settings = settings;
        entry.warm.resolve();
      } catch (error) {
        refusals.push({ name, reason: (error as Error).message });
      }
    }
    for (const name of removed) {
      this.#fetches.done(name);
      this.#named.get(name)?.warm.resolve();
    }
    return refusals;
  }
}
