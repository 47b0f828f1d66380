/** A connection to an endpoint for one client's: counted, limited in time, and told to outlier detection. */

import type { Socket } from 'node:net';
import { countConnectionEnd } from '../upstream/connection-end.ts';
import { transportFailure } from '../http/connect.ts';
import type { Cluster, ConnectOptions, Host } from '../upstream/types.ts';
import { placeText } from '../address.ts';
import { Timeout } from '../timeout.ts';
import { type ForwardingHooks, forward } from './forwarding.ts';

export interface UpstreamConnection {
  /** As `127.0.0.1:40000`; empty while there is no connection. */
  readonly localAddress: string;
  /** Absent likewise. */
  readonly socket: Socket | undefined;
  /** The endpoint is there and has been asked to carry the connection, but has not agreed yet. */
  readonly isAsked: boolean;
  /** Carries bytes between the client and the endpoint until both are done. */
  forward(client: Socket, hooks: ForwardingHooks): void;
  /** Closes it at once. */
  close(): void;
  /** It ends because the client's connection does; what is on its way still goes out. */
  finish(): void;
}

export interface ConnectHooks {
  onConnect(upstream: UpstreamConnection): void;
  /** It could not be opened; what counts it has been done. */
  onFailure(reason: string, isTimeout: boolean): void;
}

/** Takes a place among the cluster's connections until the socket is closed. */
export function openUpstream(
  cluster: Cluster,
  host: Host,
  options: ConnectOptions,
  hooks: ConnectHooks,
): UpstreamConnection {
  const { stats, settings } = cluster;
  const limit = cluster.breaker('default').connections;
  const start = performance.now();
  let connectedAt: number | undefined;
  let isClosedHere = false;
  let isTimedOut = false;
  /** Both sides say when they are done; it ends with the one that says so last. */
  let isLastThere = false;
  let failure = '';
  limit.current++;
  stats.cxTotal.value++;
  stats.cxActive.value++;
  stats.rqPendingTotal.value++;
  host.stats.cxTotal++;
  host.stats.cxActive++;
  host.stats.rqActive++;
  stats.rqActive.value++;
  const socket = cluster.connect(host, options);
  stats.buffered.add(socket);
  const upstream: UpstreamConnection = {
    get localAddress() {
      return localAddress(socket);
    },
    socket,
    isAsked: false,
    forward: (client, forwarding) => {
      const { cxTxBytesTotal: sent, cxRxBytesTotal: received } = stats;
      forward(client, socket, {
        ...forwarding,
        onBytes: (fromClient, count) => {
          (fromClient ? sent : received).value += count;
          forwarding.onBytes(fromClient, count);
        },
      });
    },
    close: () => {
      isClosedHere = true;
      socket.destroy();
    },
    finish: () => {
      // `forward` ends both sockets together.
    },
  };
  const timeout = new Timeout(settings.connectTimeout, () => {
    isTimedOut = true;
    socket.destroy();
  });
  socket.on('error', (error) => {
    failure = transportFailure(socket, error);
    isLastThere = true;
  });
  socket.once('end', () => {
    isLastThere = socket.writableEnded;
  });
  socket.once(isSecured(socket) ? 'secureConnect' : 'connect', () => {
    if (socket.destroyed) return;
    timeout.clear();
    connectedAt = performance.now();
    stats.rqTotal.value++;
    host.stats.rqTotal++;
    stats.cxConnectTime.record(connectedAt - start);
    cluster.report(host, { kind: 'local', what: 'connected' });
    hooks.onConnect(upstream);
  });
  socket.once('close', () => {
    timeout.clear();
    limit.current--;
    stats.rqActive.value--;
    host.stats.cxActive--;
    host.stats.rqActive--;
    const isConnected = connectedAt !== undefined;
    countConnectionEnd(stats, isLastThere ? 'remote' : 'local', isConnected, performance.now() - start);
    if (isConnected || isClosedHere) return;
    stats.rqPendingFailureEject.value++;
    stats.cxConnectFail.value++;
    host.stats.cxConnectFail++;
    if (isTimedOut) stats.cxConnectTimeout.value++;
    cluster.report(host, { kind: 'local', what: isTimedOut ? 'connect-timeout' : 'connect-failed' });
    hooks.onFailure(isTimedOut ? 'connection timeout' : failure, isTimedOut);
  });
  return upstream;
}

function localAddress({ localAddress: ip, localPort: port = 0 }: Socket): string {
  return ip === undefined ? '' : placeText({ kind: 'ip', ip, port });
}

/** A TLS socket is of use once it has shaken hands. */
function isSecured(socket: Socket): boolean {
  return 'encrypted' in socket && socket.encrypted === true;
}
