/** Route configurations: by name (RDS) for whoever uses them, and those that stand in listeners. */

import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '../../xds/proto/generated/envoy/config/route/v3/route_pb.js';
import type { RouteHandle, Routes } from '../listeners/network-filter.ts';
import { compileRouteTable } from '../http/route-plan.ts';
import type { RouteTable } from '../route/route-table.ts';
import { InitialFetches, type ResourceSources } from './config-sources.ts';
import { type RawResource, type Refusal, ROUTE_TYPE } from './resource-types.ts';

interface NamedRoutes {
  table: RouteTable | undefined;
  users: number;
  readonly warm: PromiseWithResolvers<void>;
  release(): void;
}

/** A route configuration that stands in a listener. */
export interface InlineRoutes {
  readonly config: RouteConfiguration;
  readonly updatedAt: number;
}

export class RouteResources implements Routes {
  readonly #sources: ResourceSources;
  readonly #named = new Map<string, NamedRoutes>();
  readonly #inline = new Set<InlineRoutes>();
  readonly #fetches = new InitialFetches();

  constructor(sources: ResourceSources) {
    this.#sources = sources;
    sources.handle(ROUTE_TYPE, { apply: (added, removed) => this.#take(added, removed) });
  }

  /** Throws an `UnsupportedError` for a source that is not there. */
  subscribe(name: string, source: ConfigSource): RouteHandle {
    const routes = this.#named.get(name) ?? this.#open(name, source);
    routes.users++;
    let released = false;
    return {
      get table() {
        return routes.table;
      },
      warm: routes.warm.promise,
      release: () => {
        if (released) return;
        released = true;
        routes.users--;
        if (routes.users > 0) return;
        this.#named.delete(name);
        this.#fetches.done(name);
        routes.warm.resolve();
        routes.release();
      },
    };
  }

  inline(config: RouteConfiguration): RouteHandle {
    const entry = { config, updatedAt: Date.now() };
    const table = compileRouteTable(config);
    this.#inline.add(entry);
    return { table, warm: Promise.resolve(), release: () => void this.#inline.delete(entry) };
  }

  /** Those that stand in listeners, for the administration interface. */
  get inlined(): Iterable<InlineRoutes> {
    return this.#inline;
  }

  close(): void {
    this.#fetches.close();
  }

  #open(name: string, source: ConfigSource): NamedRoutes {
    const routes: NamedRoutes = {
      table: undefined,
      users: 0,
      warm: Promise.withResolvers<void>(),
      release: () => undefined,
    };
    this.#named.set(name, routes);
    this.#fetches.start(name, source, () => routes.warm.resolve());
    try {
      routes.release = this.#sources.subscribe(source, ROUTE_TYPE, name);
    } catch (error) {
      this.#named.delete(name);
      this.#fetches.done(name);
      throw error;
    }
    return routes;
  }

  #take(added: readonly RawResource[], removed: readonly string[]): readonly Refusal[] {
    const refusals: Refusal[] = [];
    for (const { name, value } of added) {
      const routes = this.#named.get(name);
      if (routes === undefined) continue;
      this.#fetches.done(name);
      try {
        const config = anyUnpack(value, RouteConfigurationSchema);
        if (config === undefined) throw new Error('it cannot be decoded');
        if (config.name !== name) throw new Error(`it is called ${config.name}`);
        routes.table = compileRouteTable(config);
        routes.warm.resolve();
      } catch (error) {
        refusals.push({ name, reason: (error as Error).message });
      }
    }
    // There are none of that name: what was in force stays, as in Envoy, and nobody has to wait any longer.
    for (const name of removed) {
      this.#fetches.done(name);
      this.#named.get(name)?.warm.resolve();
    }
    return refusals;
  }
}
