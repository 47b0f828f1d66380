/** The routes of a gateway: what VirtualServices say for the hosts of its servers. */

import { type GatewayServer, boundHosts, ownedHosts } from '../../model/gateway-servers.ts';
import { compareBySpecificity } from '../../model/hosts.ts';
import { type VirtualService, virtualServicesSeenFrom } from '../../model/virtual-services.ts';
import type { Input } from '../input.ts';
import { VirtualHost_TlsRequirementType } from '../proto/generated/envoy/config/route/v3/route_components_pb.js';
import type { RouteInit } from './action.ts';
import {
  type RouteConfigurationInit,
  type VirtualHostInit,
  routeConfiguration,
  virtualHost,
} from './configuration.ts';
import { isCatchAll } from './match.ts';
import { httpRoutes } from './virtual-service.ts';

interface Gathered {
  /** The port that the first server with the host has in its Gateway. */
  readonly port: number;
  readonly routes: RouteInit[];
  /** Whose routes these are, in order. */
  readonly owners: string[];
  /** Requests in the clear are sent to the same place over TLS. */
  redirectsToTls: boolean;
}

interface SharedHost extends Gathered {
  readonly host: string;
  readonly domains: string[];
}

/** The routes of servers that share a port and end TLS together, or not at all. */
export function gatewayRoutes(
  name: string,
  servers: readonly GatewayServer[],
  input: Input,
): RouteConfigurationInit {
  const hosts = new Map<string, Gathered>();
  const seen = new Set<string>();
  const services = virtualServicesSeenFrom(input.snapshot.virtualServices, input.proxy.namespace);
  const made = new Map<string, RouteInit[]>();
  for (const server of servers) {
    for (const service of services) {
      const bound = boundHosts(server, service);
      if (bound.length === 0) continue;
      const owner = `${server.gateway}|${service.namespace}/${service.name}`;
      // As in Istio the port of a Gateway's first server counts for the others too that lead to the same place.
      const routes = made.get(owner) ?? routesAt(server, service, input);
      made.set(owner, routes);
      if (routes.length === 0) continue;
      for (const written of bound) {
        // Names are compared as they are written, but requests may write them in any case.
        const host = written.toLowerCase();
        // Another server of the same Gateway may offer the host too.
        const key = `${owner}|${host}`;
        const gathered = gatheredAt(host, server, hosts);
        if (server.spec.tls?.httpsRedirect === true) gathered.redirectsToTls = true;
        gathered.owners.push(owner);
        if (!seen.has(key)) gathered.routes.push(...routes);
        seen.add(key);
      }
    }
    redirectHosts(server, hosts);
  }
  const found = sharedHosts(hosts).map((one) => hostOf(one, input));
  const port = servers[0]?.port ?? 0;
  return routeConfiguration(
    name,
    found.length > 0 ? found : [virtualHost(`blackhole:${port}`, ['*'], [], input)],
  );
}

function routesAt(server: GatewayServer, service: VirtualService, input: Input): RouteInit[] {
  return httpRoutes(service, {
    input,
    listenPort: server.port,
    gateways: new Set([server.gateway]),
    tls: server.spec.tls !== undefined,
  });
}

function gatheredAt(host: string, { port }: GatewayServer, hosts: Map<string, Gathered>): Gathered {
  const found = hosts.get(host) ?? { port, routes: [], owners: [], redirectsToTls: false };
  hosts.set(host, found);
  return found;
}

/**
 * A server that redirects does so for all of its hosts, whether a VirtualService speaks of them or not. Hosts
 * for certain namespaces are redirected where one speaks of them only, as in Istio.
 */
function redirectHosts(server: GatewayServer, hosts: Map<string, Gathered>): void {
  if (server.spec.tls?.httpsRedirect !== true) return;
  for (const host of ownedHosts(server)) {
    if (!host.includes('/')) gatheredAt(host, server, hosts).redirectsToTls = true;
  }
}

/**
 * Hosts with the same routes are domains of one virtual host, which has the name of the most specific of them, as
 * in Istio: patches of EnvoyFilters know it by that name.
 */
function sharedHosts(hosts: ReadonlyMap<string, Gathered>): readonly SharedHost[] {
  const found: SharedHost[] = [];
  const known = new Map<string, SharedHost>();
  for (const [host, gathered] of [...hosts].sort(([a], [b]) => compareBySpecificity(a, b))) {
    const key = JSON.stringify(gathered.owners);
    const same = known.get(key);
    if (same !== undefined && same.redirectsToTls === gathered.redirectsToTls) {
      same.domains.push(host);
      continue;
    }
    const own = { ...gathered, host, domains: [host] };
    known.set(key, own);
    found.push(own);
  }
  return found.sort((a, b) => (a.host < b.host ? -1 : 1));
}

function hostOf({ host, domains, port, routes, redirectsToTls }: SharedHost, input: Input): VirtualHostInit {
  return {
    ...virtualHost(`${host}:${port}`, domains, catchAllLast(routes), input),
    ...(redirectsToTls && { requireTls: VirtualHost_TlsRequirementType.ALL }),
  };
}

/** Several VirtualServices may share a host: none of them takes the requests that another one asks for. */
function catchAllLast(routes: readonly RouteInit[]): RouteInit[] {
  const takesAll = (route: RouteInit) => route.match !== undefined && isCatchAll(route.match);
  return [...routes.filter((route) => !takesAll(route)), ...routes.filter(takesAll)];
}
