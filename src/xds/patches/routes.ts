/** Patches of route configurations, and of the virtual hosts and routes in them. */

import { clone } from '@bufbuild/protobuf';
import {
  type Route,
  RouteSchema,
  type VirtualHost,
  VirtualHostSchema,
} from '../proto/generated/envoy/config/route/v3/route_components_pb.js';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '../proto/generated/envoy/config/route/v3/route_pb.js';
import { changeList } from './lists.ts';
import { mergeInto } from './merge.ts';
import type { Outcome } from './outcome.ts';
import type { Patch } from './patch.ts';
import type { PatchContext, PatchSet } from './selection.ts';

/** Where routes are used. */
export interface RoutePlace {
  readonly context: PatchContext;
  /** The ports of the gateway's service that lead to a port of its proxy; none where there is no service. */
  readonly servicePorts: ReadonlyMap<number, ReadonlySet<number>>;
}

/** The routes with their patches applied. `patches` are those of the context. */
export function patchRoutes(
  original: RouteConfiguration,
  patches: PatchSet,
  place: RoutePlace,
  outcome: Outcome,
): RouteConfiguration {
  const isMeant = (patch: Patch): boolean => meansRoutes(patch, original.name, place);
  const ofAll = patches.of('ROUTE_CONFIGURATION').filter(isMeant);
  const ofHosts = patches.of('VIRTUAL_HOST').filter(isMeant);
  const ofRoutes = patches.of('HTTP_ROUTE').filter(isMeant);
  if (ofAll.length + ofHosts.length + ofRoutes.length === 0) return original;
  const routes = clone(RouteConfigurationSchema, original);
  for (const patch of ofAll) {
    mergeInto(RouteConfigurationSchema, routes, patch.value, patch);
    outcome.applied(patch);
  }
  routes.virtualHosts = routes.virtualHosts.flatMap(
    (host) => patchHost(host, ofHosts, ofRoutes, outcome) ?? [],
  );
  for (const patch of ofHosts) {
    if (patch.operation !== 'ADD') continue;
    routes.virtualHosts.push(clone(VirtualHostSchema, patch.value));
    outcome.applied(patch);
  }
  return routes;
}

function patchHost(
  original: VirtualHost,
  ofHosts: readonly Patch<'VIRTUAL_HOST'>[],
  ofRoutes: readonly Patch<'HTTP_ROUTE'>[],
  outcome: Outcome,
): VirtualHost | undefined {
  let host = original;
  for (const patch of ofHosts) {
    if (patch.operation === 'ADD' || !meansHost(patch, host)) continue;
    outcome.applied(patch);
    if (patch.operation === 'REMOVE') return undefined;
    if (patch.operation === 'MERGE') mergeInto(VirtualHostSchema, host, patch.value, patch);
    if (patch.operation === 'REPLACE') host = clone(VirtualHostSchema, patch.value);
  }
  const meant = ofRoutes.filter((patch) => meansHost(patch, host));
  if (meant.length > 0) patchHttpRoutes(host, meant, outcome);
  return host;
}

function patchHttpRoutes(host: VirtualHost, patches: readonly Patch<'HTTP_ROUTE'>[], outcome: Outcome): void {
  const changed = (route: Route): Route[] => {
    for (const patch of patches) {
      const { operation } = patch;
      if ((operation !== 'MERGE' && operation !== 'REMOVE') || routeOf(patch)?.(route) === false) continue;
      outcome.applied(patch);
      if (operation === 'REMOVE') return [];
      mergeInto(RouteSchema, route, patch.value, patch);
    }
    return [route];
  };
  host.routes = host.routes.flatMap(changed);
  for (const patch of patches) {
    const isMeant = routeOf(patch);
    // What is removed is gone, and a route that goes first does so beside the one that the match names only.
    const isAbsent = isMeant !== undefined && !host.routes.some(isMeant);
    if (patch.operation === 'REMOVE' || (patch.operation === 'INSERT_FIRST' && isAbsent)) continue;
    const make = () => clone(RouteSchema, patch.value);
    if (changeList(host.routes, patch.operation, make, isMeant)) outcome.applied(patch);
  }
}

function meansRoutes({ match }: Patch, name: string, { context, servicePorts }: RoutePlace): boolean {
  const wanted = match.routeConfiguration;
  if (wanted === undefined) return true;
  if ((wanted.name ?? '') !== '' && wanted.name !== name) return false;
  const wantedPort = wanted.portNumber ?? 0;
  if (context !== 'GATEWAY') return wantedPort === 0 || wantedPort === sidecarPort(name);
  const { port, portName, gateway } = gatewayRouteName(name);
  return (
    ((wanted.portName ?? '') === '' || wanted.portName === portName) &&
    ((wanted.gateway ?? '') === '' || wanted.gateway === gateway) &&
    (wantedPort === 0 || (servicePorts.get(port)?.has(wantedPort) ?? port === wantedPort))
  );
}

/** `80` and `inbound|80||` are for a port; `web.shop.svc.cluster.local:80` is not. */
function sidecarPort(name: string): number {
  const inbound = /^inbound\|(\d{1,5})\|/.exec(name)?.[1];
  return Number(inbound ?? (/^\d{1,5}$/.test(name) ? name : 0));
}

/** `http.80` and `https.443.https-web.front.shop`, with an address behind where the server is bound to one. */
function gatewayRouteName(name: string): { port: number; portName: string; gateway: string } {
  const plain = /^http\.(\d{1,5})(?:\.|$)/.exec(name)?.[1];
  if (plain !== undefined) return { port: Number(plain), portName: '', gateway: '' };
  const [, port, portName = '', gatewayName = '', namespace = ''] =
    /^https\.(\d{1,5})\.([^.]*)\.([^.]*)\.([^.]*)/.exec(name) ?? [];
  return {
    port: Number(port ?? 0),
    portName,
    gateway: port === undefined ? '' : `${namespace}/${gatewayName}`,
  };
}

function meansHost({ match }: Patch, host: VirtualHost): boolean {
  const { name = '', domainName = '' } = match.routeConfiguration?.vhost ?? {};
  return (name === '' || name === host.name) && (domainName === '' || host.domains.includes(domainName));
}

const ACTIONS: Readonly<Record<string, string>> = {
  route: 'ROUTE',
  redirect: 'REDIRECT',
  directResponse: 'DIRECT_RESPONSE',
};

/** Tells the routes of the match; undefined when it names none. */
function routeOf({ match }: Patch): ((route: Route) => boolean) | undefined {
  const wanted = match.routeConfiguration?.vhost?.route;
  if (wanted === undefined) return undefined;
  const { name = '', action = 'ANY' } = wanted;
  return (route) =>
    (name === '' || name === route.name) && (action === 'ANY' || action === ACTIONS[route.action.case ?? '']);
}
