/** How bytes travel to the endpoints of a cluster: in the clear, over TLS, with the PROXY protocol ahead. */

import type { Socket } from 'node:net';
import type { Endpoint } from '../host.ts';
import type { ConnectOptions } from '../types.ts';
import type { Dialer } from './dial.ts';

export interface TransportSocket {
  readonly tls: boolean;
  /** Begins to connect; the socket says `connect`, or for TLS `secureConnect`, or `error`. */
  connect(dialer: Dialer, host: Endpoint, options: ConnectOptions): Socket;
  /** The same on top of a connection that is being opened. */
  over(raw: Socket, options: ConnectOptions): Socket;
  /** What of the options makes a connection one of its own; empty when any request may use it. */
  keyOf(options: ConnectOptions): string;
  /** Resolves when what it needs from elsewhere, as secrets, is there; undefined when it is. */
  readonly ready?: Promise<void> | undefined;
  close?(): void;
}

export const RAW: TransportSocket = {
  tls: false,
  connect: (dialer, host, { source }) => dialer.dial(host.place, source),
  over: (raw) => raw,
  keyOf: () => '',
};
