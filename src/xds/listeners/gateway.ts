/** The listeners of a gateway, and the routes that they name. */

import {
  type GatewayServer,
  boundHosts,
  endsTls,
  passesByName,
  passesTlsOn,
  serverHosts,
  servesHttp,
} from '../../model/gateway-servers.ts';
import { virtualServicesSeenFrom } from '../../model/virtual-services.ts';
import { isHttp } from '../../base/protocol.ts';
import { connectionManager } from '../http-filters/connection-manager.ts';
import { headerSetting } from '../http-filters/proxy-headers.ts';
import type { Input } from '../input.ts';
import { WILDCARD_ADDRESS, gatewayHttpRoute, gatewayHttpsRoute, listenerName } from '../names.ts';
import { TrafficDirection } from '../proto/generated/envoy/config/core/v3/base_pb.js';
import { secretFault } from '../secrets/fault.ts';
import type { RouteConfigurationInit } from '../routes/configuration.ts';
import { gatewayRoutes } from '../routes/gateway.ts';
import { addressOf } from '../values.ts';
import {
  type FilterChain,
  type ListenerInit,
  TRANSPORT_TIMEOUT,
  proxyProtocol,
  serverNameMatch,
  tlsInspector,
} from './chains.ts';
import { holdsFor, reportUnused, routeChain, tlsChains } from './l4-routes.ts';
import { type OpenedPort, openedPorts } from './opened-ports.ts';
import { passedOnChains } from './passed-on.ts';
import { serverTls } from './server-tls.ts';

export interface GatewayResources {
  readonly listeners: readonly ListenerInit[];
  readonly routes: readonly RouteConfigurationInit[];
}

/** A load balancer in front tells who the client is before the client's own bytes: gatewayTopology.proxyProtocol. */
function expectsProxyProtocol(input: Input): boolean {
  const asked = headerSetting(input, 'gatewayTopology', 'proxyProtocol');
  return typeof asked === 'object' && asked !== null;
}

/** All listeners of a gateway. Servers that offer nothing open none. */
export function gatewayListeners(input: Input): GatewayResources {
  const listeners: ListenerInit[] = [];
  const routes = new Map<string, RouteConfigurationInit>();
  for (const opened of openedPorts(input)) {
    const chains = chainsOf(opened, input, routes);
    if (chains.length === 0) continue;
    const bySni = chains.some((chain) => (chain.filterChainMatch?.serverNames ?? []).length > 0);
    const overTls = opened.servers.some((server) => endsTls(server) || passesTlsOn(server));
    const bind = opened.bind === '' ? WILDCARD_ADDRESS : opened.bind;
    listeners.push({
      name: listenerName(bind, opened.port),
      address: addressOf(bind, opened.port),
      trafficDirection: TrafficDirection.OUTBOUND,
      filterChains: chains,
      listenerFilters: [
        ...(expectsProxyProtocol(input) ? [proxyProtocol()] : []),
        ...(bySni || overTls ? [tlsInspector()] : []),
      ],
      maxConnectionsToAcceptPerSocketEvent: 1,
    });
  }
  return { listeners, routes: [...routes.values()] };
}

function chainsOf(
  { bind, port, servers }: OpenedPort,
  input: Input,
  routes: Map<string, RouteConfigurationInit>,
): FilterChain[] {
  const plain = servers.filter(({ protocol }) => isHttp(protocol));
  const shared = { bind, port, names: new Set<string>() };
  const chains: FilterChain[] = [];
  const taken = new Set<string>();
  for (const server of servers) {
    const [first] = plain;
    // All servers of HTTP in the clear are one chain.
    if (isHttp(server.protocol) && server !== first) continue;
    const made =
      server === first
        ? [plainChain(plain, shared, input, routes)]
        : serverChains(server, shared, input, routes);
    for (const chain of made) {
      const key = JSON.stringify(chain.filterChainMatch ?? {});
      // Envoy refuses two chains for the same connections: the older Gateway's stays.
      if (!taken.has(key)) chains.push(chain);
      taken.add(key);
    }
  }
  return chains;
}

function plainChain(
  servers: readonly GatewayServer[],
  { bind, port }: SharedPort,
  input: Input,
  routes: Map<string, RouteConfigurationInit>,
): FilterChain {
  const name = gatewayHttpRoute(port, bind);
  routes.set(name, gatewayRoutes(name, servers, input));
  const grpcWeb = servers.some(({ protocol }) => protocol === 'GRPC-Web');
  return httpChain(name, port, grpcWeb, input);
}

/** What the servers of a port share. */
interface SharedPort {
  readonly bind: string;
  readonly port: number;
  /** Server names that chains have: Envoy refuses a listener where two chains have one. */
  readonly names: Set<string>;
}

/** Whether nobody has any of the names; then they are taken. */
function takeNames(wanted: readonly string[], names: Set<string>): boolean {
  if (wanted.some((name) => names.has(name))) return false;
  for (const name of wanted) names.add(name);
  return true;
}

function serverChains(
  server: GatewayServer,
  { bind, port, names }: SharedPort,
  input: Input,
  routes: Map<string, RouteConfigurationInit>,
): readonly FilterChain[] {
  const gateways = new Set([server.gateway]);
  const context = { input, listenPort: server.port, gateways, isGateway: true };
  const { snapshot, proxy } = input;
  const bound = virtualServicesSeenFrom(snapshot.virtualServices, proxy.namespace).filter(
    (one) => boundHosts(server, one).length > 0,
  );
  if (passesTlsOn(server)) {
    if (passesByName(server)) return passedOnChains(server, input);
    return tlsChains(bound, [], context, (wanted, { namespace, name }) => {
      if (takeNames(wanted, names)) return true;
      input.report(
        { kind: 'VirtualService', namespace, name },
        `The TLS route for ${wanted.join(', ')} is not in force at port ${server.port} of Gateway ` +
          `${server.gateway}: another one has one of these server names. Give each name to one route.`,
      );
      return false;
    });
  }
  const tls = endsTls(server)
    ? serverTls(server, {
        proxyCertificate: () => input.proxy.serverCertificate,
        carriesBytes: !servesHttp(server),
        mesh: input.snapshot.mesh.config,
        secretFault: (name) => secretFault(name, input),
        refuse: (message) => refuse(server, message, input),
        lack: (message) => tell(server, `lacks one of its certificates: ${message}`, input),
      })
    : undefined;
  if (endsTls(server) && tls === undefined) return [];
  if (tls !== undefined && !takeNames(sniNames(server), names)) {
    refuse(server, 'another server of the port has one of its hosts; give each host to one server', input);
    return [];
  }
  const match = tls === undefined ? {} : serverNameMatch(serverHosts(server));
  const asked = Object.keys(match).length > 0 ? { filterChainMatch: match } : {};
  const secured = tls === undefined ? {} : { transportSocket: tls };
  if (servesHttp(server)) {
    const name = gatewayHttpsRoute(port, server, bind);
    routes.set(name, gatewayRoutes(name, [server], input));
    return [{ ...httpChain(name, port, false, input), ...asked, ...secured }];
  }
  for (const service of bound) {
    const route = service.tcp.find(
      ({ match: matches = [], route = [] }) =>
        route.length > 0 && (matches.length === 0 || matches.some((one) => holdsFor(one, context))),
    );
    if (route === undefined) continue;
    for (const one of route.match ?? []) reportUnused(one, service, context);
    return [{ ...routeChain(service, route, match, context), ...secured }];
  }
  return [];
}

/** `*` alone where it stands among others, of which it takes all. */
function sniNames(server: GatewayServer): readonly string[] {
  const hosts = [...new Set(serverHosts(server))];
  return hosts.includes('*') ? ['*'] : hosts;
}

function refuse(server: GatewayServer, message: string, input: Input): void {
  tell(server, `is not open: ${message}`, input);
}

function tell(server: GatewayServer, what: string, { report }: Input): void {
  report(
    { kind: 'Gateway', namespace: server.namespace, name: server.gatewayName },
    `Server ${server.index} (port ${server.port}) ${what}.`,
  );
}

function httpChain(routeName: string, port: number, grpcWeb: boolean, input: Input): FilterChain {
  return {
    filters: [
      connectionManager(
        {
          statPrefix: `outbound_${listenerName(WILDCARD_ADDRESS, port)};`,
          trafficClass: 'gateway',
          routes: routeName,
          grpcWeb,
        },
        input,
      ),
    ],
    transportSocketConnectTimeout: TRANSPORT_TIMEOUT,
  };
}
