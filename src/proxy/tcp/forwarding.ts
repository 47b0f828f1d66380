/** Carries bytes between two sockets, both ways, until both ends have said all that they had to say. */

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { readFrom, writeTo } from '../sockets/reading.ts';

export interface ForwardingHooks {
  /** Bytes that one side has sent. Not called when there is nobody to hear it. */
  onBytes(fromClient: boolean, count: number): void;
  /** One side is not read from until the other has taken what is on its way. */
  onPause(fromClient: boolean, isPaused: boolean): void;
  /** Both sockets are gone, or going without anything that is still to be carried. */
  onEnd(reason: EndReason): void;
}

/** `reset`: the endpoint has taken back what was one of many streams of a connection. */
export type EndReason = 'client' | 'endpoint' | 'reset' | 'both';

/** Both sockets are open, with `allowHalfOpen`. */
export function forward(client: Socket, endpoint: Socket, hooks: ForwardingHooks): void {
  let isOver = false;
  let isClientDone = false;
  let isEndpointDone = false;
  const end = (reason: EndReason) => {
    if (isOver) return;
    isOver = true;
    hooks.onEnd(reason);
  };
  carry(client, endpoint, true, hooks, () => {
    isClientDone = true;
    if (isEndpointDone) end('both');
  });
  carry(endpoint, client, false, hooks, () => {
    isEndpointDone = true;
    if (isClientDone) end('both');
  });
  closeTogether(client, endpoint, () => end('client'));
  closeTogether(endpoint, client, () => end('endpoint'));
}

/** The end of one side is the end of the other, in the same way: a reset is handed on. */
function closeTogether(one: Socket, other: Socket, onClose: () => void): void {
  let isReset = false;
  one.on('error', (error: NodeJS.ErrnoException) => {
    isReset ||= error.code === 'ECONNRESET';
  });
  one.once('close', () => {
    onClose();
    if (other.destroyed) return;
    // Over TLS there is no reset that means anything to the one who gets it.
    if (isReset && !(other instanceof TLSSocket)) other.resetAndDestroy();
    // What is on its way still goes out, then the socket closes.
    else other.destroySoon();
  });
}

function carry(
  from: Socket,
  to: Socket,
  fromClient: boolean,
  hooks: ForwardingHooks,
  onEnd: () => void,
): void {
  readFrom(from, (chunk) => {
    hooks.onBytes(fromClient, chunk.length);
    // A record of TLS that was read with others comes though its socket is paused.
    if (writeTo(to, chunk) || from.isPaused()) return;
    from.pause();
    hooks.onPause(fromClient, true);
    to.once('drain', () => {
      hooks.onPause(fromClient, false);
      from.resume();
    });
  });
  from.once('end', () => {
    onEnd();
    to.end();
  });
}
