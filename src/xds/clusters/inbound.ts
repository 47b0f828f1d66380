/** Clusters for the proxy's own workload. */

import type { InboundPort } from '../listeners/inbound-ports.ts';
import { upstreamHttp1 } from '../http-filters/proxy-headers.ts';
import { type Input, ruleFor } from '../input.ts';
import { inboundCluster } from '../names.ts';
import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
} from '../proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { addressOf, defined, istioMetadata, seconds } from '../values.ts';
import { circuitBreakers, connectTimeout, httpOptions, keepalive } from './connection-pool.ts';
import { type ClusterInit, inboundSource } from './fixed.ts';
import { effectivePolicy } from '../../model/traffic-policy.ts';

/** Connections to the workload are not cleaned up while it lives: about 292 years. */
const NEVER = seconds(9_223_372_035);

const LOOPBACK_4 = '127.0.0.1';
const LOOPBACK_6 = '::1';

/**
 * The cluster of one port. Towards the workload only the connection pool counts: the Sidecar's for the port, its general one,
 * that of the DestinationRule or of the mesh.
 */
export function inboundClusterOf(inbound: InboundPort, input: Input): ClusterInit {
  const mesh = input.snapshot.mesh.config;
  const rule = inbound.host === '' ? undefined : ruleFor(input, inbound.host, input.proxy.namespace);
  const ofRule = effectivePolicy(rule, undefined, inbound.servicePort, mesh).connectionPool;
  const connectionPool = inbound.connectionPool ?? input.scope.inboundConnectionPool ?? ofRule;
  const policy = connectionPool === undefined ? {} : { connectionPool };
  const name = inboundCluster(inbound.port);
  return {
    name,
    altStatName: `${name};`,
    connectTimeout: connectTimeout(policy, mesh),
    circuitBreakers: circuitBreakers(policy),
    ...(inbound.services.length > 0 && { metadata: istioMetadata({ services: [...inbound.services] }) }),
    ...defined({
      upstreamConnectionOptions: keepalive(policy, mesh),
      typedExtensionProtocolOptions: httpOptions(policy, {
        protocol: inbound.speaks,
        outbound: false,
        sidecar: true,
        mesh,
        http1: upstreamHttp1(input),
      }),
    }),
    ...(inbound.endpoint === undefined ? toItself() : toEndpoint(name, inbound.endpoint, input)),
  };
}

function toItself(): Partial<ClusterInit> {
  return {
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
    lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
    cleanupInterval: NEVER,
    upstreamBindConfig: inboundSource(),
  };
}

/** `127.0.0.1:8080`, `0.0.0.0:8080` for the workload's own address, or `unix:///path`. */
function toEndpoint(name: string, endpoint: string, { proxy }: Input): Partial<ClusterInit> {
  const isPath = endpoint.startsWith('unix://');
  const colon = endpoint.lastIndexOf(':');
  const written = isPath ? endpoint : endpoint.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = isPath ? 0 : Number(endpoint.slice(colon + 1));
  const isWorkload = written === '0.0.0.0' || written === '::';
  const address = isPath ? written : ofWorkload(written, proxy.ips);
  return {
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
    ...(isWorkload && { upstreamBindConfig: inboundSource() }),
    loadAssignment: {
      clusterName: name,
      endpoints: [
        {
          lbEndpoints: [
            { hostIdentifier: { case: 'endpoint', value: { address: addressOf(address, port) } } },
          ],
        },
      ],
    },
  };
}

/** The workload's address of the family that is written; its loopback address of the other one where it has none. */
function ofWorkload(written: string, ips: readonly string[]): string {
  const v4 = ips.find((ip) => !ip.includes(':'));
  const v6 = ips.find((ip) => ip.includes(':'));
  switch (written) {
    case '0.0.0.0':
      return v4 ?? LOOPBACK_4;
    case '::':
      return v6 ?? LOOPBACK_6;
    case LOOPBACK_4:
      return v4 === undefined ? LOOPBACK_6 : LOOPBACK_4;
    case LOOPBACK_6:
      return v6 === undefined ? LOOPBACK_4 : LOOPBACK_6;
    default:
      return written;
  }
}
