/** Clusters of which nothing is real but the connections. */

import { connect } from 'node:net';
import type { Cluster, Clusters, Host } from '../../../src/proxy/upstream/types.ts';

/** One cluster, whose only endpoint is a port of this machine; undefined for a cluster without endpoints. */
export function oneCluster(name: string, port: () => number | undefined): Clusters {
  const cluster = {
    name,
    settings: { connectTimeout: 1000, tls: false },
    choose: () => (port() === undefined ? undefined : { hostname: '' }),
    connect: (_host: Host) => connect({ host: '127.0.0.1', port: port() ?? 0 }),
  } as unknown as Cluster;
  return { get: (wanted) => (wanted === name ? cluster : undefined) };
}
