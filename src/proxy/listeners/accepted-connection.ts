/** A connection that a filter chain has taken. */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Place } from '../address.ts';
import { nextConnectionId } from '../connection-id.ts';
import type { DownstreamConnection, ListenerInfo } from './connection.ts';
import type { DrainState } from './drain-state.ts';
import type { PendingConnection } from './pending-connection.ts';

export class AcceptedConnection implements DownstreamConnection {
  readonly id: number;
  readonly socket: Socket | TLSSocket;
  readonly listener: ListenerInfo;
  readonly filterChainName: string;
  readonly localPlace: Place;
  readonly remotePlace: Place;
  readonly directRemotePlace: Place;
  readonly restored: boolean;
  readonly sni: string;
  readonly transportProtocol: 'tls' | 'raw_buffer';
  readonly alpn: string;
  readonly tls: boolean;
  readonly startTime: number;
  readonly upstreamSource: PendingConnection['upstreamSource'];
  readonly filterState = new Map<string, string>();
  readonly #drain: DrainState;

  constructor(
    pending: PendingConnection,
    socket: Socket | TLSSocket,
    isTls: boolean,
    listener: ListenerInfo,
    filterChainName: string,
    drain: DrainState,
  ) {
    this.id = nextConnectionId();
    this.socket = socket;
    this.listener = listener;
    this.filterChainName = filterChainName;
    this.localPlace = pending.local;
    this.remotePlace = pending.remote;
    this.directRemotePlace = pending.directRemote;
    this.restored = pending.restored;
    this.sni = pending.sni;
    this.transportProtocol = pending.transportProtocol;
    const chosen: unknown = isTls ? Reflect.get(socket, 'alpnProtocol') : pending.applicationProtocols[0];
    this.alpn = typeof chosen === 'string' ? chosen : '';
    this.tls = isTls;
    this.startTime = pending.startTime;
    this.upstreamSource = pending.upstreamSource;
    this.#drain = drain;
  }

  get draining(): boolean {
    return this.#drain.draining;
  }

  onDrain(listener: () => void): void {
    const end = this.#drain.onDrain(listener);
    this.socket.once('close', end);
  }
}
