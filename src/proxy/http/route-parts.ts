/** What a matched route says to others than the router. */

import type { Any } from '@bufbuild/protobuf/wkt';
import type { RouteRateLimits } from '../http-filters/filter.ts';
import type { CompiledRoute, Found } from '../route/route-table.ts';
import type { Cluster } from '../upstream/types.ts';
import type { ManagerSettings } from './settings.ts';
import type { HttpStream } from './stream.ts';
import type { StreamRecord } from './stream-record.ts';

const NO_SETTINGS: readonly Any[] = [];

/** A filter's settings, the most specific first. */
export function settingsOnRoute(compiled: CompiledRoute | undefined, filterName: string): readonly Any[] {
  if (compiled === undefined) return NO_SETTINGS;
  const { route, virtualHost, config } = compiled;
  let settings: Any[] | undefined;
  for (const level of [route, virtualHost, config]) {
    const { typedPerFilterConfig: all } = level;
    const found = Object.hasOwn(all, filterName) ? all[filterName] : undefined;
    if (found !== undefined) (settings ??= []).push(found);
  }
  return settings ?? NO_SETTINGS;
}

export function rateLimitsOf(compiled: CompiledRoute | undefined): RouteRateLimits {
  if (compiled === undefined) return { route: [], virtualHost: [], includeVirtualHost: false };
  const { route, virtualHost } = compiled;
  return {
    route: route.rateLimits,
    virtualHost: virtualHost.rateLimits,
    includeVirtualHost: route.includeVhRateLimits,
  };
}

/** Whether a request may go over to that protocol: the route decides, else the connection manager. */
export function mayUpgrade(upgrade: string, { action }: CompiledRoute, settings: ManagerSettings): boolean {
  const name = upgrade.toLowerCase();
  const onRoute = action.kind === 'forward' ? action.forwarding.upgrades.get(name) : undefined;
  return onRoute ?? settings.upgrades.get(name) ?? false;
}

/** Where the route leads, which logs tell of requests that a filter has answered, too. */
export function clusterOnRoute(stream: HttpStream, found: Found | undefined): Cluster | undefined {
  return found?.kind === 'route' ? stream.manager.context.clusters.get(stream.routeCluster) : undefined;
}

/** Says in the record which route the request takes. */
export function noteRoute(info: StreamRecord, found: Found): void {
  if (found.kind === 'route') {
    const { route, virtualHost } = found.compiled;
    info.routeName = route.name;
    info.virtualHostName = virtualHost.name;
    info.routeMetadata = route.metadata;
    info.virtualHostMetadata = virtualHost.metadata;
  } else if (found.kind !== 'no-host') {
    info.virtualHostName = found.virtualHost.name;
    info.virtualHostMetadata = found.virtualHost.metadata;
  }
}
