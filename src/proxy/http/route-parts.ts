/** What a matched route says to others than the router. */

import type { Any } from '@bufbuild/protobuf/wkt';
import type { RouteRateLimits } from '../http-filters/filter.ts';
import type { CompiledRoute, Found } from '../route/route-table.ts';
import type { Cluster } from '../upstream/types.ts';
import type { ManagerSettings } from './settings.ts';
import type { HttpStream } from './stream.ts';

const NO_SETTINGS: readonly Any[] = [];

/** A filter's settings, the most specific first. */
export function settingsOnRoute(compiled: CompiledRoute | undefined, filterName: string): readonly Any[] {
  if (compiled === undefined) return NO_SETTINGS;
  const { route, virtualHost, config } = compiled;
  let settings: Any[] | undefined;
  for (const level of [route, virtualHost, config]) {
    const found = level.typedPerFilterConfig[filterName];
    if (found !== undefined) (settings ??= []).push(found);
  }
  return settings ?? NO_SETTINGS;
}

export function rateLimitsOf(compiled: CompiledRoute | undefined): RouteRateLimits {
  if (compiled === undefined) return { route: [], virtualHost: [], includeVirtualHost: false };
  const { action } = compiled.route;
  const own = action.case === 'route' ? action.value : undefined;
  return {
    route: own?.rateLimits ?? [],
    virtualHost: compiled.virtualHost.rateLimits,
    includeVirtualHost: own?.includeVhRateLimits ?? false,
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
