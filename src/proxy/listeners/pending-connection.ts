/** A connection while it is found out where it belongs. */

import type { Socket } from 'node:net';
import { canonicalIp, type Place } from '../address.ts';
import type { UpstreamSource } from '../upstream/types.ts';

export interface PendingConnection {
  readonly socket: Socket;
  /** TPROXY brought it to its listener. */
  readonly transparent: boolean;
  /** Where the client meant to go, as far as that is known. */
  local: Place;
  /** The client, as far as that is known. */
  remote: Place;
  readonly directRemote: Place;
  restored: boolean;
  sni: string;
  transportProtocol: 'tls' | 'raw_buffer';
  applicationProtocols: readonly string[];
  /** The address that connections to endpoints come from in its place, and the mark that their packets bear. */
  upstreamSource: UpstreamSource | undefined;
  readonly startTime: number;
}

/** `path` is that of the listener, when it listens on one. */
export function pendingConnection(
  socket: Socket,
  transparent: boolean,
  path: string | undefined,
): PendingConnection {
  const remote = placeOf(socket.remoteAddress, socket.remotePort, path);
  return {
    socket,
    transparent,
    local: placeOf(socket.localAddress, socket.localPort, path),
    remote,
    directRemote: remote,
    restored: false,
    sni: '',
    transportProtocol: 'raw_buffer',
    applicationProtocols: [],
    upstreamSource: undefined,
    startTime: Date.now(),
  };
}

function placeOf(address: string | undefined, port: number | undefined, path: string | undefined): Place {
  if (path !== undefined || address === undefined) return { kind: 'pipe', path: path ?? '' };
  return { kind: 'ip', ip: canonicalIp(address) ?? address, port: port ?? 0 };
}
