/** Connections to the endpoints of clusters: one pool for each endpoint, protocol and routing priority. */

import type { Cluster, ConnectOptions, Host } from '../upstream/types.ts';
import type { ResponseReceiver } from './codec.ts';
import { AlpnPool } from './alpn-pool.ts';
import { Http1Pool } from './http1-pool.ts';
import { Http2Pool } from './http2-pool.ts';

export interface PendingRequest {
  readonly receiver: ResponseReceiver;
}

export interface HostPool {
  /** Calls `onReady` or `onReset`, maybe before it returns; else gives back what takes the wish back. */
  request(receiver: ResponseReceiver, options: ConnectOptions): (() => void) | undefined;
  drain(): void;
}

export type PoolProtocol = 'http1' | 'http2' | 'by-alpn';

/** All pools of a cluster, for as long as it is in force. */
class ClusterPools {
  readonly #cluster: Cluster;
  readonly #byHost = new Map<Host, Map<string, HostPool>>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    cluster.onHostRemoved((host) => {
      for (const pool of this.#byHost.get(host)?.values() ?? []) pool.drain();
      this.#byHost.delete(host);
    });
    cluster.onClosed(() => {
      for (const pools of this.#byHost.values()) for (const pool of pools.values()) pool.drain();
      this.#byHost.clear();
    });
  }

  of(host: Host, protocol: PoolProtocol, priority: 'default' | 'high', options: ConnectOptions): HostPool {
    let pools = this.#byHost.get(host);
    if (pools === undefined) this.#byHost.set(host, (pools = new Map()));
    const own = this.#cluster.connectionKey(host, options);
    const shared = priority === 'default' ? protocol : `${protocol} high`;
    const key = own === '' ? shared : `${shared} ${own}`;
    let pool = pools.get(key);
    if (pool === undefined) {
      pool = makePool(this.#cluster, host, protocol, priority, () => {
        // Of those that belong to one client or name there may be any number.
        if (own !== '' && pools.get(key) === pool) pools.delete(key);
      });
      pools.set(key, pool);
    }
    return pool;
  }
}

function makePool(
  cluster: Cluster,
  host: Host,
  protocol: PoolProtocol,
  priority: 'default' | 'high',
  onEmpty: () => void,
): HostPool {
  switch (protocol) {
    case 'http1':
      return new Http1Pool(cluster, host, priority, onEmpty);
    case 'http2':
      return new Http2Pool(cluster, host, priority, onEmpty);
    case 'by-alpn':
      return new AlpnPool(cluster, host, priority, onEmpty);
  }
}

const pools = new WeakMap<Cluster, ClusterPools>();

export function poolOf(
  cluster: Cluster,
  host: Host,
  protocol: PoolProtocol,
  priority: 'default' | 'high',
  options: ConnectOptions,
): HostPool {
  let ofCluster = pools.get(cluster);
  if (ofCluster === undefined) pools.set(cluster, (ofCluster = new ClusterPools(cluster)));
  return ofCluster.of(host, protocol, priority, options);
}
