/** The kinds of resources that come by discovery, in the order in which they have to be asked for and taken. */

import type { Any } from '@bufbuild/protobuf/wkt';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { REGISTRY, TYPE_PREFIX } from '../../xds/proto/registry.ts';

export const CLUSTER_TYPE = `${TYPE_PREFIX}envoy.config.cluster.v3.Cluster`;
export const ENDPOINT_TYPE = `${TYPE_PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment`;
export const LISTENER_TYPE = `${TYPE_PREFIX}envoy.config.listener.v3.Listener`;
export const ROUTE_TYPE = `${TYPE_PREFIX}envoy.config.route.v3.RouteConfiguration`;
export const SECRET_TYPE = `${TYPE_PREFIX}envoy.extensions.transport_sockets.tls.v3.Secret`;
export const EXTENSION_TYPE = `${TYPE_PREFIX}envoy.config.core.v3.TypedExtensionConfig`;

export const TYPE_ORDER: readonly string[] = [
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
  SECRET_TYPE,
  EXTENSION_TYPE,
];

/** Types whose list is whole: what the controller does not name is gone. */
export const WHOLE_TYPES: ReadonlySet<string> = new Set([CLUSTER_TYPE, LISTENER_TYPE]);

/** A resource as it came, not decoded. */
export interface RawResource {
  readonly name: string;
  readonly version: string;
  readonly value: Any;
}

/** A resource that is not taken, and why. */
export interface Refusal {
  readonly name: string;
  readonly reason: string;
}

/** Takes what comes of one type. Never throws: what cannot be taken is returned, and the rest is in force. */
export interface ResourceHandler {
  apply(added: readonly RawResource[], removed: readonly string[]): readonly Refusal[];
}

/** The name of a resource, which only the message itself has; undefined when it cannot be read. */
export function resourceName(value: Any): string | undefined {
  try {
    const message = anyUnpack(value, REGISTRY);
    if (message === undefined) return undefined;
    const { name, clusterName } = message as { readonly name?: unknown; readonly clusterName?: unknown };
    if (typeof name === 'string') return name;
    return typeof clusterName === 'string' ? clusterName : undefined;
  } catch {
    return undefined;
  }
}

/** gRPC methods for a type alone, by the form of the protocol. */
export const OWN_METHODS: Readonly<Record<string, Readonly<Record<'delta' | 'state-of-the-world', string>>>> =
  {
    [CLUSTER_TYPE]: ownMethods('envoy.service.cluster.v3.ClusterDiscoveryService', 'Clusters'),
    [ENDPOINT_TYPE]: ownMethods('envoy.service.endpoint.v3.EndpointDiscoveryService', 'Endpoints'),
    [LISTENER_TYPE]: ownMethods('envoy.service.listener.v3.ListenerDiscoveryService', 'Listeners'),
    [ROUTE_TYPE]: ownMethods('envoy.service.route.v3.RouteDiscoveryService', 'Routes'),
    [SECRET_TYPE]: ownMethods('envoy.service.secret.v3.SecretDiscoveryService', 'Secrets'),
  };

function ownMethods(service: string, what: string): Readonly<Record<'delta' | 'state-of-the-world', string>> {
  return { delta: `/${service}/Delta${what}`, 'state-of-the-world': `/${service}/Stream${what}` };
}
