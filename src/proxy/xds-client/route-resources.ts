/** Route configurations: by name (RDS) for whoever uses them, and those that stand in listeners. */

import type { Any } from '@bufbuild/protobuf/wkt';
import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import { type CountedTable, compileRouteTable } from '../http/route-plan.ts';
import type { RouteHandle, Routes } from '../listeners/network-filter.ts';
import { type EncodedRoutes, encodedRoutes } from '../route/encoded-routes.ts';
import type { StatsScope } from '../stats/stats.ts';
import type { ResourceSources } from './config-sources.ts';
import { NamedResources } from './named-resources.ts';
import { ROUTE_TYPE } from './resource-types.ts';
import { RouteUpdateStats } from './update-stats.ts';

/** A route configuration that stands in a listener. */
export interface InlineRoutes {
  readonly routes: EncodedRoutes;
  readonly updatedAt: number;
}

export class RouteResources implements Routes {
  readonly #named: NamedResources<CountedTable>;
  readonly #inline = new Set<InlineRoutes>();
  readonly #stats: StatsScope;

  /** `stats`: all of them. */
  constructor(sources: ResourceSources, stats: StatsScope) {
    this.#stats = stats;
    this.#named = new NamedResources(sources, ROUTE_TYPE, read, {
      onHeld: (counted) => counted.stats.hold(stats),
      onLeft: (counted) => counted.stats.leave(),
    });
  }

  /** Throws an `UnsupportedError` for a source that is not there. */
  subscribe(name: string, source: ConfigSource, statPrefix: string): RouteHandle {
    const counted = () => new RouteUpdateStats(this.#stats.scope(`http.${statPrefix}.rds.${name}.`));
    const handle = this.#named.subscribe(name, source, () => undefined, counted);
    return {
      get table() {
        return handle.value?.table;
      },
      warm: handle.warm,
      release: handle.release,
    };
  }

  inline(routes: EncodedRoutes): RouteHandle {
    const entry = { routes, updatedAt: Date.now() };
    const { table, stats } = compileRouteTable(routes);
    this.#inline.add(entry);
    stats.hold(this.#stats);
    const release = () => {
      if (this.#inline.delete(entry)) stats.leave();
    };
    return { table, warm: Promise.resolve(), release };
  }

  /** Those that stand in listeners, for the administration interface. */
  get inlined(): Iterable<InlineRoutes> {
    return this.#inline;
  }

  close(): void {
    this.#named.close();
  }
}

function read(value: Any, name: string): CountedTable {
  if (value.typeUrl !== ROUTE_TYPE) throw new Error('it cannot be decoded');
  const routes = encodedRoutes(value.value);
  if (routes.config.name !== name) throw new Error(`it is called ${routes.config.name}`);
  return compileRouteTable(routes);
}
