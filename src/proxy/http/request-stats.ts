/**
 * What is counted of requests beside their cluster: for routes with a `stat_prefix`, and for the virtual clusters of virtual
 * hosts. https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#statistics
 */

import type { RouteConfiguration } from '../../xds/proto/generated/envoy/config/route/v3/route_pb.js';
import type { VirtualHost } from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import { compileHeader } from '../route/conditions.ts';
import type { RouteRequest } from '../route/request.ts';
import type { CompiledRoute } from '../route/route-table.ts';
import type { Counter, StatsScope } from '../stats/stats.ts';
import { Codes } from './cluster-codes.ts';

/** `vhost.NAME.route.PREFIX.` or `vhost.NAME.vcluster.NAME.`. */
export class RequestStats {
  readonly rqTotal: Counter;
  readonly rqTimeout: Counter;
  readonly rqRetry: Counter;
  readonly rqRetrySuccess: Counter;
  readonly rqRetryOverflow: Counter;
  readonly rqRetryLimitExceeded: Counter;
  readonly #scope: StatsScope;
  #codes: Codes | undefined;

  constructor(scope: StatsScope) {
    this.#scope = scope;
    this.rqTotal = scope.counter('upstream_rq_total');
    this.rqTimeout = scope.counter('upstream_rq_timeout');
    this.rqRetry = scope.counter('upstream_rq_retry');
    this.rqRetrySuccess = scope.counter('upstream_rq_retry_success');
    this.rqRetryOverflow = scope.counter('upstream_rq_retry_overflow');
    this.rqRetryLimitExceeded = scope.counter('upstream_rq_retry_limit_exceeded');
  }

  /** Shown from the first answer on. */
  get codes(): Codes {
    return (this.#codes ??= new Codes(this.#scope));
  }
}

/** The virtual cluster of requests that belong to no other. */
const OTHER = 'other';

interface VirtualCluster {
  readonly name: string;
  takes(request: RouteRequest): boolean;
  readonly stats: RequestStats;
}

interface HostStats {
  /** By `stat_prefix`. */
  readonly routes: ReadonlyMap<string, RequestStats>;
  /** In their order; the last takes everything. */
  readonly virtualClusters: readonly VirtualCluster[];
}

/** What of a virtual host has statistics, whatever the host is called. */
export interface CountedParts {
  readonly prefixes: readonly string[];
  readonly virtualClusters: readonly Omit<VirtualCluster, 'stats'>[];
}

/** Undefined for a virtual host of which nothing is counted by itself. Throws an `UnsupportedError` for a bad condition. */
export function countedParts({ routes, virtualClusters }: VirtualHost): CountedParts | undefined {
  const prefixes = [...new Set(routes.map(({ statPrefix }) => statPrefix).filter((one) => one !== ''))];
  if (prefixes.length === 0 && virtualClusters.length === 0) return undefined;
  const compiled = virtualClusters.map(({ name, headers }) => {
    const conditions = headers.map(compileHeader);
    return { name, takes: (request: RouteRequest) => conditions.every((one) => one.holds(request)) };
  });
  const all = compiled.length === 0 ? [] : [...compiled, { name: OTHER, takes: () => true }];
  return { prefixes, virtualClusters: all };
}

/** The statistics of one route configuration, for as long as anyone uses it. */
export class RouteTableStats {
  readonly #config: RouteConfiguration;
  readonly #parts: ReadonlyMap<string, CountedParts>;
  #scopes: StatsScope[] = [];
  #users = 0;

  /** `parts` by the names of virtual hosts. */
  constructor(config: RouteConfiguration, parts: ReadonlyMap<string, CountedParts>) {
    this.#config = config;
    this.#parts = parts;
  }

  hold(stats: StatsScope): void {
    if (this.#users++ > 0 || this.#parts.size === 0) return;
    const make = (name: string): RequestStats => {
      const scope = stats.scope(name, true);
      this.#scopes.push(scope);
      return new RequestStats(scope);
    };
    const hosts = [...this.#parts].map(([host, { prefixes, virtualClusters }]): [string, HostStats] => [
      host,
      {
        routes: new Map(prefixes.map((prefix) => [prefix, make(`vhost.${host}.route.${prefix}.`)])),
        virtualClusters: virtualClusters.map((one) => ({
          ...one,
          stats: make(`vhost.${host}.vcluster.${one.name}.`),
        })),
      },
    ]);
    BY_CONFIG.set(this.#config, new Map(hosts));
  }

  leave(): void {
    if (--this.#users > 0) return;
    for (const scope of this.#scopes) scope.release();
    this.#scopes = [];
  }
}

const BY_CONFIG = new WeakMap<RouteConfiguration, ReadonlyMap<string, HostStats>>();
export const NOT_COUNTED: readonly RequestStats[] = [];

/** All that a request is counted in beside its cluster. `onCluster` hears which virtual cluster it belongs to. */
export function requestStatsOf(
  { config, virtualHost, route }: CompiledRoute,
  request: RouteRequest,
  onCluster: (name: string) => void,
): readonly RequestStats[] {
  const host = BY_CONFIG.get(config)?.get(virtualHost.name);
  if (host === undefined) return NOT_COUNTED;
  const found: RequestStats[] = [];
  const ofRoute = route.statPrefix === '' ? undefined : host.routes.get(route.statPrefix);
  if (ofRoute !== undefined) found.push(ofRoute);
  const cluster = host.virtualClusters.find((one) => one.takes(request));
  if (cluster !== undefined) {
    onCluster(cluster.name);
    found.push(cluster.stats);
  }
  return found;
}
