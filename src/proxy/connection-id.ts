/** Numbers of connections, which count up over the process whichever way a connection goes, as Envoy's do. */

import type { Socket } from 'node:net';

let last = 0;
const known = new WeakMap<Socket, number>();

export function nextConnectionId(): number {
  return ++last;
}

/** Of a connection to an endpoint, which gets its number when somebody first asks for it. */
export function connectionIdOf(socket: Socket): number {
  const id = known.get(socket) ?? nextConnectionId();
  known.set(socket, id);
  return id;
}
