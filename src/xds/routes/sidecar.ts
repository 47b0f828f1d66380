/** The routes of a sidecar's outbound requests, one configuration a port. */

import { isHttp } from '../../base/protocol.ts';
import { MESH_GATEWAY } from '../../model/gateways.ts';
import { hostCovers, hostsOverlap } from '../../model/hosts.ts';
import type { MeshService, MeshServicePort } from '../../model/services.ts';
import type { EgressListener } from '../../model/sidecar-scopes.ts';
import type { VirtualService } from '../../model/virtual-services.ts';
import type { Input } from '../input.ts';
import type { RouteInit } from './action.ts';
import {
  type RouteConfigurationInit,
  type VirtualHostInit,
  fallbackHost,
  routeConfiguration,
  serviceRoute,
  virtualHost,
} from './configuration.ts';
import { type Domains, serviceDomains } from './domains.ts';
import { httpRoutes } from './virtual-service.ts';

const MESH: ReadonlySet<string> = new Set([MESH_GATEWAY]);

/** Hosts that no service has are known on this port only: that of plain HTTP. */
const DEFAULT_HTTP_PORT = 80;

interface ServicePort {
  readonly service: MeshService;
  readonly port: MeshServicePort;
}

/** Hosts with the same routes. */
interface Routed {
  readonly port: number;
  readonly routes: RouteInit[];
  readonly hosts: readonly string[];
  readonly services: readonly ServicePort[];
}

/**
 * The configuration of a listener that all services of a port share. `port` 0 is a forward proxy: as the port of
 * a request's host counts for nothing, a name stands for the service's port of plain HTTP.
 */
export function sharedRoutes(
  name: string,
  port: number,
  listener: EgressListener,
  input: Input,
): RouteConfigurationInit {
  const hosts = virtualHosts(port, listener, input);
  return routeConfiguration(name, [...hosts, fallbackHost(input)]);
}

/** The configuration of a listener for one service: whatever host a request names, it is for that service. */
export function routesOfService(
  name: string,
  target: ServicePort,
  listener: EgressListener,
  input: Input,
): RouteConfigurationInit {
  const { hostname } = target.service;
  const vhostName = `${hostname}:${target.port.number}`;
  const found = virtualHosts(target.port.number, listener, input).find((one) => one.name === vhostName);
  const routes = found?.routes ?? [serviceRoute(target.service, target.port, input)];
  return routeConfiguration(name, [{ ...virtualHost(vhostName, ['*'], [], input), routes }]);
}

function virtualHosts(listenPort: number, listener: EgressListener, input: Input): VirtualHostInit[] {
  const services = servicesOn(listenPort, listener.services);
  const routed = routedHosts(listenPort, services, listener, input);
  const names = new Map<string, VirtualHostInit>();
  const taken = new Set<string>();
  const known = new Set(routed.flatMap((one) => one.services.map(({ service }) => service.hostname)));
  const aliases = aliasesOf(listener.services);
  const add = (host: string, port: number, domains: Domains, routes: RouteInit[]) => {
    const name = `${host}:${port}`;
    if (names.has(name)) return;
    // Envoy refuses the whole configuration when two hosts claim one domain.
    const free = domains.all.filter((domain) => {
      const lower = domain.toLowerCase();
      if (taken.has(lower) || (domains.short.has(domain) && known.has(lower))) return false;
      taken.add(lower);
      return true;
    });
    if (free.length > 0) names.set(name, virtualHost(name, free, routes, input));
  };
  for (const { port, routes, hosts, services } of routed) {
    for (const host of hosts) add(host, port, { all: [host], short: new Set() }, routes);
    for (const { service } of services) {
      add(
        service.hostname,
        port,
        serviceDomains(service, aliases.get(service.hostname) ?? [], input),
        routes,
      );
    }
  }
  return [...names.values()].sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
}

/** The service under its name in small letters: requests may write it in any case. */
function lowered(service: MeshService): MeshService {
  const hostname = service.hostname.toLowerCase();
  return hostname === service.hostname ? service : { ...service, hostname };
}

function servicesOn(listenPort: number, services: readonly MeshService[]): readonly ServicePort[] {
  const found = new Map<string, ServicePort>();
  for (const service of services.map(lowered)) {
    for (const port of service.ports) {
      if (port.number !== (listenPort === 0 ? DEFAULT_HTTP_PORT : listenPort)) continue;
      // A port whose protocol is detected may turn out to be HTTP.
      if (port.speaks !== undefined && !isHttp(port.speaks)) continue;
      const key = `${service.hostname}:${port.number}`;
      if (!found.has(key)) found.set(key, { service, port });
    }
  }
  return [...found.values()];
}

/** The aliases of each name, those of its aliases included. */
function aliasesOf(services: readonly MeshService[]): ReadonlyMap<string, readonly string[]> {
  const targets = new Map<string, string>();
  for (const { hostname, externalName } of services) {
    if (externalName !== undefined) targets.set(hostname, externalName.toLowerCase());
  }
  const aliases = new Map<string, string[]>();
  for (const hostname of targets.keys()) {
    const target = endOfChain(hostname, targets);
    if (target !== undefined) aliases.set(target, [...(aliases.get(target) ?? []), hostname]);
  }
  return aliases;
}

/** The name that is no alias itself; undefined for names that stand for each other. */
function endOfChain(hostname: string, targets: ReadonlyMap<string, string>): string | undefined {
  const seen = new Set<string>();
  let name = hostname;
  for (;;) {
    if (seen.has(name)) return undefined;
    seen.add(name);
    const next = targets.get(name);
    if (next === undefined) return name;
    name = next;
  }
}

/** First what VirtualServices say, then the services that none speaks of. */
function routedHosts(
  listenPort: number,
  services: readonly ServicePort[],
  listener: EgressListener,
  input: Input,
): readonly Routed[] {
  const left = new Set(services);
  const byHost = Map.groupBy(services, ({ service }) => service.hostname);
  const owners = wildcardOwners(services, listener.virtualServices);
  const routed: Routed[] = [];
  const known = knownAt(listenPort, listener.services);
  for (const one of listener.virtualServices) {
    const claimed = claims(one, byHost, owners);
    const ports = new Set(claimed.services.map(({ port }) => port.number));
    if (ports.size === 0) {
      if (listenPort !== DEFAULT_HTTP_PORT) continue;
      ports.add(DEFAULT_HTTP_PORT);
    }
    const routes = httpRoutes(one, { input, listenPort, gateways: MESH, tls: false, services: known });
    if (routes.length === 0) continue;
    for (const port of ports) {
      const on = claimed.services.filter((target) => target.port.number === port);
      for (const target of on) left.delete(target);
      routed.push({ port, routes, hosts: claimed.hosts, services: on });
    }
  }
  const rest = [...left]
    // An alias is called as the service that it stands for.
    .filter(({ service }) => service.externalName === undefined)
    .sort((a, b) => (a.service.hostname < b.service.hostname ? -1 : 1));
  for (const { service, port } of rest) {
    const routes = [serviceRoute(service, port, input)];
    routed.push({ port: port.number, routes, hosts: [], services: [{ service, port }] });
  }
  return routed;
}

/** The services that requests to a port are known for, with that port alone: a destination is called there too. */
function knownAt(listenPort: number, services: readonly MeshService[]): ReadonlyMap<string, MeshService> {
  const found = new Map<string, MeshService>();
  for (const service of services) {
    const ports = service.ports.filter(({ number }) => listenPort === 0 || number === listenPort);
    if (ports.length > 0) found.set(service.hostname.toLowerCase(), { ...lowered(service), ports });
  }
  return found;
}

/** The services that a VirtualService is for, and its hosts that are no service. */
function claims(
  one: VirtualService,
  services: ReadonlyMap<string, readonly ServicePort[]>,
  owners: ReadonlyMap<string, VirtualService>,
): { readonly hosts: readonly string[]; readonly services: readonly ServicePort[] } {
  const found = new Set<ServicePort>();
  const hosts: string[] = [];
  for (const host of one.hosts.map((written) => written.toLowerCase())) {
    if (!host.startsWith('*')) {
      const own = services.get(host);
      if (own === undefined) hosts.push(host);
      for (const target of own ?? []) found.add(target);
      continue;
    }
    const met = [...services].filter(([name]) => hostsOverlap(host, name));
    // Where there are services under a wildcard, it stands for them alone.
    if (met.length === 0) hosts.push(host);
    const own = met.flatMap(([name, ports]) => (owners.get(name) === one ? ports : []));
    for (const target of own) found.add(target);
  }
  return { hosts, services: [...found] };
}

/** For each service the VirtualService with the most specific host that covers it; the oldest of equals. */
function wildcardOwners(
  services: readonly ServicePort[],
  virtualServices: readonly VirtualService[],
): ReadonlyMap<string, VirtualService> {
  const owners = new Map<string, VirtualService>();
  const wild = virtualServices.flatMap((one) =>
    one.hosts.filter((host) => host.startsWith('*')).map((host) => ({ one, host })),
  );
  if (wild.length === 0) return owners;
  const exact = new Set(
    virtualServices.flatMap(({ hosts }) => hosts.filter((host) => !host.startsWith('*'))),
  );
  const longestFirst = wild.sort((a, b) => b.host.length - a.host.length);
  for (const { service } of services) {
    if (exact.has(service.hostname)) continue;
    const owner = longestFirst.find(({ host }) => hostCovers(host, service.hostname));
    if (owner !== undefined) owners.set(service.hostname, owner.one);
  }
  return owners;
}
