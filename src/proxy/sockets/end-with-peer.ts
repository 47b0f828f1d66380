/** Half-open connections, where a protocol has no use for them. */

import type { Socket } from 'node:net';

/**
 * Ends the socket when the other side has ended: a process that is killed says nothing more than that. Sessions of
 * `node:http2` leave it to the socket, and all of the proxy's sockets may be half open.
 */
export function endWithPeer(socket: Socket): void {
  socket.once('end', () => socket.end());
}
