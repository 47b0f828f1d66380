/** Takes the server name that a TLS client asks for as the name of the cluster. */

import { SniClusterSchema } from '../../xds/proto/generated/envoy/extensions/filters/network/sni_cluster/v3/sni_cluster_pb.js';
import { unpacked } from '../config-error.ts';
import type { NetworkFilterKind } from '../listeners/network-filter.ts';

/** The key of a connection's filter state that names its cluster, in place of the TCP proxy's own. */
export const CLUSTER_KEY = 'envoy.tcp_proxy.cluster';

export const SNI_CLUSTER: NetworkFilterKind = {
  kind: 'gate',
  typeName: SniClusterSchema.typeName,
  compile: (any) => {
    unpacked('sni_cluster', any, SniClusterSchema);
    return {
      onConnection: (connection) => {
        if (connection.sni !== '') connection.filterState.set(CLUSTER_KEY, connection.sni);
        return 'continue';
      },
    };
  },
};
