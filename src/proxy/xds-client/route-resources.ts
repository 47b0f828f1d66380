/** Route configurations: by name (RDS) for whoever uses them, and those that stand in listeners. */

import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import { compileRouteTable } from '../http/route-plan.ts';
import type { RouteHandle, Routes } from '../listeners/network-filter.ts';
import { type EncodedRoutes, encodedRoutes } from '../route/encoded-routes.ts';
import type { RouteTable } from '../route/route-table.ts';
import type { ResourceSources } from './config-sources.ts';
import { NamedResources } from './named-resources.ts';
import { ROUTE_TYPE } from './resource-types.ts';

/** A route configuration that stands in a listener. */
export interface InlineRoutes {
  readonly routes: EncodedRoutes;
  readonly updatedAt: number;
}

export class RouteResources implements Routes {
  readonly #named: NamedResources<RouteTable>;
  readonly #inline = new Set<InlineRoutes>();

  constructor(sources: ResourceSources) {
    this.#named = new NamedResources(sources, ROUTE_TYPE, (value, name) => {
      if (value.typeUrl !== ROUTE_TYPE) throw new Error('it cannot be decoded');
      const routes = encodedRoutes(value.value);
      if (routes.config.name !== name) throw new Error(`it is called ${routes.config.name}`);
      return compileRouteTable(routes);
    });
  }

  /** Throws an `UnsupportedError` for a source that is not there. */
  subscribe(name: string, source: ConfigSource): RouteHandle {
    const handle = this.#named.subscribe(name, source, () => undefined);
    return {
      get table() {
        return handle.value;
      },
      warm: handle.warm,
      release: handle.release,
    };
  }

  inline(routes: EncodedRoutes): RouteHandle {
    const entry = { routes, updatedAt: Date.now() };
    const table = compileRouteTable(routes);
    this.#inline.add(entry);
    return { table, warm: Promise.resolve(), release: () => void this.#inline.delete(entry) };
  }

  /** Those that stand in listeners, for the administration interface. */
  get inlined(): Iterable<InlineRoutes> {
    return this.#inline;
  }

  close(): void {
    this.#named.close();
  }
}
