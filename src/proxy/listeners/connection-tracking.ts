/** What a listener counts and writes of the connections that it took, or could not place. */

import { AcceptedConnection } from './accepted-connection.ts';
import type { CompiledChain } from './compiled-chain.ts';
import { connectionInfo } from './connection-info.ts';
import { DrainState } from './drain-state.ts';
import type { ListenerVersion } from './listener-version.ts';
import type { PendingConnection } from './pending-connection.ts';

/** Counts a connection until it ends, and writes of it then. */
export function track(version: ListenerVersion, chain: CompiledChain, pending: PendingConnection): void {
  const { stats, accessLog } = version;
  const { socket } = pending;
  stats.total.value++;
  stats.active.value++;
  const start = performance.now();
  socket.once('close', () => {
    stats.active.value--;
    stats.destroy.value++;
    stats.length.record(performance.now() - start);
    if (accessLog === undefined) return;
    const connection = new AcceptedConnection(
      pending,
      socket,
      false,
      version.info,
      chain.name,
      chain.drainState,
    );
    const info = connectionInfo(connection);
    info.times.end = performance.now();
    info.bytesReceived = socket.bytesRead;
    info.bytesSent = socket.bytesWritten;
    accessLog(info);
  });
}

/** No filter chain takes the connection. */
export function logUnplaced(version: ListenerVersion, pending: PendingConnection): void {
  if (version.accessLog === undefined) return;
  const connection = new AcceptedConnection(
    pending,
    pending.socket,
    false,
    version.info,
    '',
    new DrainState(),
  );
  const info = connectionInfo(connection);
  info.times.end = performance.now();
  info.responseFlags.push('NR');
  info.responseCodeDetails = 'filter_chain_not_found';
  version.accessLog(info);
}
