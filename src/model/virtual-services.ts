/** VirtualServices as they hold: names in full, delegates put in place, the oldest first. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import type { MeshObject } from '../config/object.ts';
import { byAge, creationTime } from './age.ts';
import { mergeDelegates } from './delegates.ts';
import { MESH_GATEWAY, gatewayReference } from './gateways.ts';
import { fullHostname } from './hosts.ts';
import { withOrigin } from './rule-origins.ts';
import type { Visibility } from './visibility.ts';
import { isVisibleFrom, visibilityOf } from './visibility.ts';

export type VirtualServiceObject = MeshObject<KindTypes['networking.istio.io/VirtualService']>;
export type VirtualServiceSpec = NonNullable<KindTypes['networking.istio.io/VirtualService']['spec']>;
export type HttpRoute = NonNullable<VirtualServiceSpec['http']>[number];
export type HttpMatch = NonNullable<HttpRoute['match']>[number];
export type TlsRoute = NonNullable<VirtualServiceSpec['tls']>[number];
export type TcpRoute = NonNullable<VirtualServiceSpec['tcp']>[number];
export type Destination = NonNullable<NonNullable<NonNullable<HttpRoute['route']>[number]>['destination']>;

/** Hosts of destinations are full names, gateways in matches are `mesh` or `namespace/name`. */
export interface VirtualService {
  readonly name: string;
  readonly namespace: string;
  readonly created: string;
  /** `networking.istio.io/v1`. */
  readonly apiVersion: string;
  readonly hosts: readonly string[];
  readonly gateways: readonly string[];
  readonly visibility: Visibility;
  readonly http: readonly HttpRoute[];
  readonly tls: readonly TlsRoute[];
  readonly tcp: readonly TcpRoute[];
}

interface Settings {
  readonly domain: string;
  /** MeshConfig.defaultVirtualServiceExportTo. */
  readonly exportTo: readonly string[];
}

/** Reads all VirtualServices; those without hosts only as delegates of others. */
export function readVirtualServices(
  objects: readonly VirtualServiceObject[],
  namespaceOf: (object: MeshObject) => string,
  settings: Settings,
): readonly VirtualService[] {
  const all = objects.map((object) => resolved(object, namespaceOf(object), settings));
  const delegates = new Map(
    all.filter(({ hosts }) => hosts.length === 0).map((one) => [`${one.namespace}/${one.name}`, one]),
  );
  return all
    .filter(({ hosts }) => hosts.length > 0)
    .map((one) => ({ ...one, http: mergeDelegates(one, delegates) }))
    .sort(byAge);
}

/**
 * Those that a proxy of the namespace may see, in the order in which they count: what the namespace keeps to
 * itself, then what others show it by name, then what all may see.
 */
export function virtualServicesSeenFrom(
  services: readonly VirtualService[],
  namespace: string,
): readonly VirtualService[] {
  const rank = ({ visibility, namespace: owner }: VirtualService) =>
    visibility.all ? 2 : owner === namespace ? 0 : 1;
  return services
    .filter(({ visibility }) => isVisibleFrom(visibility, namespace))
    .sort((a, b) => rank(a) - rank(b));
}

function resolved(
  object: VirtualServiceObject,
  namespace: string,
  { domain, exportTo }: Settings,
): VirtualService {
  const spec = object.value.spec ?? {};
  const host = (name: string) => fullHostname(name, namespace, domain);
  const gateway = (text: string) => gatewayName(text, namespace);
  const gateways = (spec.gateways ?? []).map(gateway);
  const destination = (one: Destination): Destination => ({ ...one, host: host(one.host ?? '') });
  const routes = <Route extends { readonly destination?: Destination }>(list: readonly Route[] | undefined) =>
    list?.map((route) =>
      route.destination === undefined ? route : { ...route, destination: destination(route.destination) },
    );
  const matches = <Match extends { readonly gateways?: readonly string[] }>(
    list: readonly Match[] | undefined,
  ) =>
    list?.map((match) =>
      match.gateways === undefined ? match : { ...match, gateways: match.gateways.map(gateway) },
    );
  return {
    name: object.meta.name,
    namespace,
    created: creationTime(object),
    apiVersion: object.apiVersion,
    hosts: (spec.hosts ?? []).map(host),
    gateways: gateways.length === 0 ? [MESH_GATEWAY] : gateways,
    visibility: visibilityOf(spec.exportTo, namespace, exportTo),
    http: (spec.http ?? []).map((route, index) => {
      const rule: HttpRoute = {
        ...route,
        ...(route.match !== undefined && { match: matches(route.match) }),
        ...(route.route !== undefined && { route: routes(route.route) }),
        ...(route.mirror !== undefined && { mirror: destination(route.mirror) }),
        ...(route.mirrors !== undefined && { mirrors: routes(route.mirrors) }),
      };
      return withOrigin(rule, { object, path: ['spec', 'http', index], ownMatches: true });
    }),
    tls: (spec.tls ?? []).map((route) => ({
      ...route,
      match: matches(route.match),
      route: routes(route.route),
    })),
    tcp: (spec.tcp ?? []).map((route) => ({
      ...route,
      match: matches(route.match),
      route: routes(route.route),
    })),
  };
}

/**
 * `namespace/name` of a gateway, or `mesh`. The form of early releases, `name.namespace` with the rest of a host
 * name behind it, is understood as well.
 */
function gatewayName(text: string, namespace: string): string {
  if (!text.includes('/') && text.includes('.')) {
    const [name = '', owner = ''] = text.split('.');
    return `${owner}/${name}`;
  }
  const reference = gatewayReference(text, namespace);
  if (reference === undefined) return MESH_GATEWAY;
  const owner = reference.namespace === '.' ? namespace : reference.namespace;
  return `${owner}/${reference.name}`;
}

/** Every destination of a VirtualService, mirrors included. */
export function destinationHosts(service: VirtualService): readonly string[] {
  const found = new Set<string>();
  for (const route of [...service.http, ...service.tls, ...service.tcp]) {
    for (const { destination } of route.route ?? []) found.add(destination?.host ?? '');
  }
  for (const { mirror, mirrors } of service.http) {
    found.add(mirror?.host ?? '');
    for (const one of mirrors ?? []) found.add(one.destination?.host ?? '');
  }
  found.delete('');
  return [...found];
}
