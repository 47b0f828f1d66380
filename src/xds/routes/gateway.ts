/** The routes of a gateway: what VirtualServices say for the hosts of its servers. */

import { type GatewayServer, boundHosts, endsTls } from '../../model/gateway-servers.ts';
import { virtualServicesSeenFrom } from '../../model/virtual-services.ts';
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
  readonly routes: RouteInit[];
  /** Requests in the clear are sent to the same place over TLS. */
  redirectsToTls: boolean;
}

/** The routes of servers that share a port and end TLS together, or not at all. */
export function gatewayRoutes(
  name: string,
  port: number,
  servers: readonly GatewayServer[],
  input: Input,
): RouteConfigurationInit {
  const hosts = new Map<string, Gathered>();
  const seen = new Set<string>();
  const services = virtualServicesSeenFrom(input.snapshot.virtualServices, input.proxy.namespace);
  for (const server of servers) {
    const context = {
      input,
      listenPort: port,
      gateways: new Set([server.gateway]),
      tls: endsTls(server),
    };
    for (const service of services) {
      const bound = boundHosts(server, service);
      if (bound.length === 0) continue;
      const routes = httpRoutes(service, context);
      if (routes.length === 0) continue;
      for (const host of bound) {
        // Another server of the same Gateway may offer the host too.
        const key = `${server.gateway}|${service.namespace}/${service.name}|${host}`;
        const gathered = hosts.get(host) ?? { routes: [], redirectsToTls: false };
        if (server.spec.tls?.httpsRedirect === true) gathered.redirectsToTls = true;
        if (!seen.has(key)) gathered.routes.push(...routes);
        seen.add(key);
        hosts.set(host, gathered);
      }
    }
    redirectHosts(server, hosts);
  }
  const found = [...hosts.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([host, gathered]) => hostOf(host, port, gathered, input));
  return routeConfiguration(
    name,
    found.length > 0 ? found : [virtualHost(`blackhole:${port}`, ['*'], [], input)],
  );
}

/**
 * A server that redirects does so for all of its hosts, whether a VirtualService speaks of them or not. Hosts
 * for certain namespaces are redirected where one speaks of them only, as in Istio.
 */
function redirectHosts(server: GatewayServer, hosts: Map<string, Gathered>): void {
  if (server.spec.tls?.httpsRedirect !== true) return;
  for (const written of server.spec.hosts ?? []) {
    if (written.includes('/')) continue;
    const host = written.toLowerCase();
    const gathered = hosts.get(host) ?? { routes: [], redirectsToTls: true };
    gathered.redirectsToTls = true;
    hosts.set(host, gathered);
  }
}

function hostOf(
  host: string,
  port: number,
  { routes, redirectsToTls }: Gathered,
  input: Input,
): VirtualHostInit {
  return {
    ...virtualHost(`${host}:${port}`, [host], catchAllLast(routes), input),
    ...(redirectsToTls && { requireTls: VirtualHost_TlsRequirementType.ALL }),
  };
}

/** Several VirtualServices may share a host: none of them takes the requests that another one asks for. */
function catchAllLast(routes: readonly RouteInit[]): RouteInit[] {
  const takesAll = (route: RouteInit) => route.match !== undefined && isCatchAll(route.match);
  return [...routes.filter((route) => !takesAll(route)), ...routes.filter(takesAll)];
}
