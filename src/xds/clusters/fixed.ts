/** The clusters that every proxy has: nowhere, and where the connection was going anyway. */

import type { MeshConfig } from '../../model/mesh-settings.ts';
import {
  type ClusterSchema,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
} from '../proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { HttpProtocolOptionsSchema } from '../proto/generated/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import { pack } from '../proto/registry.ts';
import { BLACK_HOLE_CLUSTER, INBOUND_PASSTHROUGH_CLUSTER, PASSTHROUGH_CLUSTER } from '../names.ts';
import { effectivePolicy } from '../../model/traffic-policy.ts';
import { type Init, addressOf, defined, seconds } from '../values.ts';
import {
  HTTP_OPTIONS,
  type HttpChoice,
  circuitBreakers,
  connectTimeout,
  keepalive,
  meshConnectTimeout,
  namesOfHosts,
} from './connection-pool.ts';

export type ClusterInit = Init<typeof ClusterSchema>;

/**
 * The source address of connections from the proxy to its own workload, which redirection leaves alone: a
 * connection from the workload's own address would come back to the proxy.
 */
const INBOUND_SOURCE = '127.0.0.6';

/** No endpoints: connections are closed. */
export function blackHole(mesh: MeshConfig): ClusterInit {
  return {
    name: BLACK_HOLE_CLUSTER,
    altStatName: `${BLACK_HOLE_CLUSTER};`,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
    connectTimeout: meshConnectTimeout(mesh),
  };
}

/** Connections go on to where the client sent them. */
export function passthrough(mesh: MeshConfig): ClusterInit {
  return toOriginalDestination(PASSTHROUGH_CLUSTER, mesh);
}

/** As `passthrough`, towards the proxy's own workload. */
export function inboundPassthrough(mesh: MeshConfig): ClusterInit {
  return {
    ...toOriginalDestination(INBOUND_PASSTHROUGH_CLUSTER, mesh),
    upstreamBindConfig: inboundSource(),
  };
}

/** Connections to the workload itself come from an address of their own. */
export function inboundSource(): NonNullable<ClusterInit['upstreamBindConfig']> {
  const { address } = addressOf(INBOUND_SOURCE, 0);
  return address?.case === 'socketAddress' ? { sourceAddress: address.value } : {};
}

/** With the mesh's bounds of connections; its time limits and protocols are those of a cluster of its own kind. */
function toOriginalDestination(name: string, mesh: MeshConfig): ClusterInit {
  const policy = effectivePolicy(undefined, undefined, 0, mesh);
  return {
    name,
    altStatName: `${name};`,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
    connectTimeout: connectTimeout(policy, mesh),
    lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
    circuitBreakers: circuitBreakers(policy),
    ...defined({ upstreamConnectionOptions: keepalive(policy, mesh) }),
    typedExtensionProtocolOptions: passthroughOptions(),
  };
}

/** Requests go on in the protocol that they came in. */
export function passthroughOptions(
  tls?: HttpChoice['tls'],
): NonNullable<ClusterInit['typedExtensionProtocolOptions']> {
  return {
    [HTTP_OPTIONS]: pack(HttpProtocolOptionsSchema, {
      commonHttpProtocolOptions: { idleTimeout: seconds(300) },
      upstreamProtocolOptions: {
        case: 'useDownstreamProtocolConfig',
        value: { httpProtocolOptions: {}, http2ProtocolOptions: {} },
      },
      ...namesOfHosts(tls),
    }),
  };
}
