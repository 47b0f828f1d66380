/** What discovery serves: messages of the Envoy API with the names that proxies ask for them by. */

import type { Message } from '@bufbuild/protobuf';
import { TYPE_PREFIX } from './proto/registry.ts';

export const CLUSTER_TYPE = `${TYPE_PREFIX}envoy.config.cluster.v3.Cluster`;
export const ENDPOINT_TYPE = `${TYPE_PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment`;
export const LISTENER_TYPE = `${TYPE_PREFIX}envoy.config.listener.v3.Listener`;
export const ROUTE_TYPE = `${TYPE_PREFIX}envoy.config.route.v3.RouteConfiguration`;

export interface Resource {
  /** `type.googleapis.com/` and the message's name. */
  readonly typeUrl: string;
  readonly name: string;
  /** Not changed once it is handed out: its bytes are kept for as long as the message lives. */
  readonly message: Message;
}

/** Everything that one proxy can get; it takes of it what it asks for. Names are unique in each list. */
export interface ProxyResources {
  readonly clusters: readonly Resource[];
  readonly endpoints: readonly Resource[];
  readonly listeners: readonly Resource[];
  readonly routes: readonly Resource[];
}
