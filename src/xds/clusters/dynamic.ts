/** Clusters whose endpoints are looked up by the hosts of requests. */

import { type DnsCache, unknownCache } from '../dynamic-dns.ts';
import { secretFault } from '../secrets/fault.ts';
import type { Input } from '../input.ts';
import { ALLOW_ANY_DYNAMIC_CLUSTER } from '../names.ts';
import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
} from '../proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterConfigSchema } from '../proto/generated/envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster_pb.js';
import { pack } from '../proto/registry.ts';
import { defined } from '../values.ts';
import { type ClientTls, clientTls } from './client-tls.ts';
import { circuitBreakers, keepalive, meshConnectTimeout } from './connection-pool.ts';
import { type ClusterInit, passthroughOptions } from './fixed.ts';

/** How such a cluster finds endpoints. Envoy wants to hear that certificates need not be for the host, where it is so. */
export function dynamicDiscovery(cache: DnsCache, tls: ClientTls): Partial<ClusterInit> {
  return {
    lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
    clusterDiscoveryType: {
      case: 'clusterType',
      value: {
        name: 'envoy.clusters.dynamic_forward_proxy',
        typedConfig: pack(ClusterConfigSchema, {
          clusterImplementationSpecifier: { case: 'dnsCacheConfig', value: cache },
          allowInsecureClusterOptions: tls.socket === undefined || !tls.sniFromHost || !tls.verifiesHost,
        }),
      },
    },
  };
}

/** No endpoints: requests are refused. */
const NOWHERE: Partial<ClusterInit> = {
  clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
};

/** For hosts that nobody declared: outboundTrafficPolicy ALLOW_ANY_DYNAMIC_DNS, with the TLS that it names. */
export function unknownHosts(input: Input): ClusterInit {
  const { snapshot, proxy, report } = input;
  const mesh = snapshot.mesh.config;
  const named = mesh.outboundTrafficPolicy?.tls;
  const tls = clientTls(named === undefined ? {} : { tls: named }, {
    http2: false,
    external: true,
    ofHosts: true,
    proxyCertificate: () => proxy.clientCertificate,
    takesCredentials: () => false,
    secretFault: (name) => secretFault(name, input),
    serverNames: () => [],
    mesh,
    owner: { kind: 'MeshConfig', namespace: snapshot.mesh.istioNamespace, name: 'mesh' },
    report,
  });
  return {
    name: ALLOW_ANY_DYNAMIC_CLUSTER,
    altStatName: `${ALLOW_ANY_DYNAMIC_CLUSTER};`,
    connectTimeout: meshConnectTimeout(mesh),
    circuitBreakers: circuitBreakers({}),
    typedExtensionProtocolOptions: passthroughOptions(tls),
    ...defined({ upstreamConnectionOptions: keepalive({}, mesh), transportSocket: tls.socket }),
    ...(tls.refused ? NOWHERE : dynamicDiscovery(unknownCache(input), tls)),
  };
}
