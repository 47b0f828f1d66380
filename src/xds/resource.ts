/** What discovery serves: messages of the Envoy API with the names that proxies ask for them by. */

import type { Message } from '@bufbuild/protobuf';
import type { ConfigReference } from './problem.ts';
import { TYPE_PREFIX } from './proto/registry.ts';

export const CLUSTER_TYPE = `${TYPE_PREFIX}envoy.config.cluster.v3.Cluster`;
export const ENDPOINT_TYPE = `${TYPE_PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment`;
export const LISTENER_TYPE = `${TYPE_PREFIX}envoy.config.listener.v3.Listener`;
export const ROUTE_TYPE = `${TYPE_PREFIX}envoy.config.route.v3.RouteConfiguration`;
/** Certificates, keys and authorities. They are no part of what is translated: see `secrets/`. */
export const SECRET_TYPE = `${TYPE_PREFIX}envoy.extensions.transport_sockets.tls.v3.Secret`;
/** Configurations of extensions, which listeners ask for by name. */
export const EXTENSION_TYPE = `${TYPE_PREFIX}envoy.config.core.v3.TypedExtensionConfig`;

export interface Resource {
  /** `type.googleapis.com/` and the message's name. */
  readonly typeUrl: string;
  readonly name: string;
  /** Not changed once it is handed out: its bytes are kept for as long as the message lives. */
  readonly message: Message;
  /** The objects whose patches changed or added it; absent when none did. */
  readonly changedBy?: readonly ConfigReference[];
}

/** Everything that one proxy can get; it takes of it what it asks for. Names are unique in each list. */
export interface ProxyResources {
  readonly clusters: readonly Resource[];
  readonly endpoints: readonly Resource[];
  readonly listeners: readonly Resource[];
  readonly routes: readonly Resource[];
  readonly extensions: readonly Resource[];
}

/** How a list came of an earlier one: the same names in the same order, and these resources instead of theirs. */
export interface ListOrigin {
  readonly from: readonly Resource[];
  readonly changed: readonly Resource[];
}

const ORIGINS = new WeakMap<readonly Resource[], ListOrigin>();

/** How the list was made, when it was made by `withChanges`. */
export function originOf(list: readonly Resource[]): ListOrigin | undefined {
  return ORIGINS.get(list);
}

/** A list with other resources of the same names at some places; the same list when there are none. */
export function withChanges(
  from: readonly Resource[],
  changes: ReadonlyMap<number, Resource>,
): readonly Resource[] {
  if (changes.size === 0) return from;
  const list = [...from];
  for (const [at, resource] of changes) list[at] = resource;
  ORIGINS.set(list, { from, changed: [...changes.values()] });
  return list;
}
