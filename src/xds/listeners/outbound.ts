/** The listeners of a sidecar for requests that leave its workload, and the routes that they name. */

import { isHttp, parseProtocol } from '../../base/protocol.ts';
import type { MeshService, MeshServicePort } from '../../model/services.ts';
import type { EgressListener } from '../../model/sidecar-scopes.ts';
import { type DnsCache, cacheOf, isDynamic } from '../dynamic-dns.ts';
import type { Input } from '../input.ts';
import { LOCALHOST, RESERVED_PORTS, WILDCARD_ADDRESS } from '../names.ts';
import type { RouteConfigurationInit } from '../routes/configuration.ts';
import { routesOfService, sharedRoutes } from '../routes/sidecar.ts';
import type { ListenerInit } from './chains.ts';
import { PendingListeners } from './pending.ts';
import { type PortBinding, portBindings } from './port-bindings.ts';
import { serviceTcpChains } from './service-chains.ts';
import { virtualOutbound } from './virtual-outbound.ts';

/** The name of the routes of the mesh's HTTP proxy. */
const HTTP_PROXY_ROUTES = 'http_proxy';

export interface OutboundResources {
  readonly listeners: readonly ListenerInit[];
  readonly routes: readonly RouteConfigurationInit[];
}

/** All outbound listeners of a sidecar. */
export function outboundListeners(input: Input): OutboundResources {
  const { scope, proxy } = input;
  const pending = new PendingListeners();
  const routes = new Map<string, RouteConfigurationInit>();
  for (const listener of scope.egress) {
    if (listener.port === undefined) pending.lock();
    const isForwardProxy = listener.port?.protocol.toUpperCase() === 'HTTP_PROXY';
    if (listener.port !== undefined && isForwardProxy) {
      const bound = !listener.captured || proxy.interceptionMode === 'NONE';
      const bind = listener.bind !== '' ? listener.bind : bound ? LOCALHOST : WILDCARD_ADDRESS;
      const name = bind.startsWith('unix://') ? bind : String(listener.port.number);
      pending.at(bind, listener.port.number, bound).addHttp(name, undefined, cachesOf(listener, input));
      routes.set(name, sharedRoutes(name, 0, listener, input));
      continue;
    }
    for (const service of listener.services) {
      if (service.externalName !== undefined) continue;
      for (const port of service.ports) {
        addServicePort(listener, service, port, input, pending, routes);
      }
    }
  }
  addMeshForwardProxy(input, pending, routes);
  const redirected = proxy.interceptionMode !== 'NONE';
  return {
    listeners: [...pending.build(input), ...(redirected ? [virtualOutbound(input)] : [])],
    routes: [...routes.values()],
  };
}

/** Of a forward proxy, which takes requests for all of its services. */
function cachesOf({ services }: EgressListener, input: Input): readonly DnsCache[] {
  return services.filter(isDynamic).map((service) => cacheOf(service, input));
}

function addServicePort(
  listener: EgressListener,
  service: MeshService,
  port: MeshServicePort,
  input: Input,
  pending: PendingListeners,
  routes: Map<string, RouteConfigurationInit>,
): void {
  // A listener of its own says what it speaks, whatever the services behind it say.
  const speaks = listener.port === undefined ? port.speaks : parseProtocol(listener.port.protocol);
  if (port.speaks === 'UDP' || speaks === 'UDP') return;
  const bound = !listener.captured || input.proxy.interceptionMode === 'NONE';
  const place = { bind: listener.bind, bound };
  if (isHttp(speaks)) {
    const bind = place.bind !== '' ? place.bind : bound ? LOCALHOST : WILDCARD_ADDRESS;
    if (bind === WILDCARD_ADDRESS && RESERVED_PORTS.has(port.number)) return;
    const name = bind.startsWith('unix://') ? bind : String(port.number);
    const caches = isDynamic(service) ? [cacheOf(service, input)] : [];
    pending.at(bind, port.number, bound).addHttp(name, speaks, caches);
    if (routes.has(name)) return;
    const routing = (bind === name ? undefined : routingAt(port, input)) ?? listener;
    routes.set(name, sharedRoutes(name, port.number, routing, input));
    return;
  }
  for (const binding of portBindings(service, port, place, input)) {
    addBinding(binding, listener, service, { ...port, speaks }, input, pending, routes);
  }
}

/** Whose services and VirtualServices the routes of a port are made from: the first that is for the port, or for all. */
function routingAt({ number }: MeshServicePort, { scope }: Input): EgressListener | undefined {
  return scope.egress.find(({ port }) => port === undefined || port.number === number);
}

function addBinding(
  { bind, bound, subnets }: PortBinding,
  listener: EgressListener,
  service: MeshService,
  port: MeshServicePort,
  input: Input,
  pending: PendingListeners,
  routes: Map<string, RouteConfigurationInit>,
): void {
  if (bind === WILDCARD_ADDRESS && RESERVED_PORTS.has(port.number)) return;
  const one = pending.at(bind, port.number, bound);
  one.addTcp(serviceTcpChains(service, port, { bind, subnets, listener, input }));
  if (port.speaks !== undefined) return;
  // Whether it is HTTP shows with the first bytes of each connection.
  const isShared = bind === WILDCARD_ADDRESS;
  const name = isShared ? String(port.number) : `${service.hostname}:${port.number}`;
  one.addHttp(name);
  if (routes.has(name)) return;
  routes.set(
    name,
    isShared
      ? sharedRoutes(name, port.number, routingAt(port, input) ?? listener, input)
      : routesOfService(name, { service, port }, listener, input),
  );
}

/** Where clients find an HTTP proxy that takes requests to every port: MeshConfig.proxyHttpPort, or the proxy's own word. */
function addMeshForwardProxy(
  input: Input,
  pending: PendingListeners,
  routes: Map<string, RouteConfigurationInit>,
): void {
  const { snapshot, proxy, scope } = input;
  const own = proxy.metadata.HTTP_PROXY_PORT;
  const port = Number(
    typeof own === 'string' && own !== '' ? own : (snapshot.mesh.config.proxyHttpPort ?? 0),
  );
  const listener = scope.egress.find((one) => one.port === undefined);
  if (listener === undefined || !Number.isInteger(port) || port < 1 || port > 65_535) return;
  pending.at(LOCALHOST, port, true).addHttp(HTTP_PROXY_ROUTES, undefined, cachesOf(listener, input));
  routes.set(HTTP_PROXY_ROUTES, sharedRoutes(HTTP_PROXY_ROUTES, 0, listener, input));
}
