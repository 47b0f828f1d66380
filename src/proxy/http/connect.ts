/** Begins connections to endpoints, and says what came of them in Envoy's words. */

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type EndedBy, countConnectionEnd } from '../upstream/connection-end.ts';
import type { Cluster, ConnectOptions, Host } from '../upstream/types.ts';
import type { ResetReason } from './codec.ts';
import { Deadline, type DeadlineOwner, deadlinesOf } from './deadlines.ts';

export interface ConnectOwner {
  onConnected(attempt: ConnectAttempt, connected: Connected): void;
  onConnectFailed(attempt: ConnectAttempt, reason: ResetReason, details: string): void;
}

/** A connection that is being made, with the cluster's time limit; it is counted from its beginning. */
export class ConnectAttempt implements DeadlineOwner {
  readonly #cluster: Cluster;
  readonly #host: Host;
  readonly #owner: ConnectOwner;
  readonly #socket: Socket;
  readonly #deadline = new Deadline(this);
  readonly #start = performance.now();
  #over = false;

  static begin(cluster: Cluster, host: Host, options: ConnectOptions, owner: ConnectOwner): ConnectAttempt {
    return new ConnectAttempt(cluster, host, options, owner);
  }

  private constructor(cluster: Cluster, host: Host, options: ConnectOptions, owner: ConnectOwner) {
    this.#cluster = cluster;
    this.#host = host;
    this.#owner = owner;
    const { stats, settings } = cluster;
    stats.cxTotal.value++;
    stats.cxActive.value++;
    host.stats.cxTotal++;
    host.stats.cxActive++;
    const socket = cluster.connect(host, options);
    this.#socket = socket;
    stats.buffered.add(socket);
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', this.#onConnect);
    socket.once('error', this.#onError);
    socket.once('close', this.#onClose);
    deadlinesOf(settings.connectTimeout).start(this.#deadline, this.#start);
  }

  cancel(): void {
    if (!this.#finish()) return;
    this.#uncount('local');
    // A socket that is given up may still fail.
    this.#socket.on('error', () => undefined);
    this.#socket.destroy();
  }

  onDeadline(): void {
    this.#cluster.stats.cxConnectTimeout.value++;
    this.#fail('connection-timeout', '');
  }

  readonly #onConnect = (): void => {
    if (!this.#finish()) return;
    const socket = this.#socket;
    socket.setNoDelay(true);
    this.#cluster.report(this.#host, { kind: 'local', what: 'success' });
    this.#cluster.stats.cxConnectTime.record(performance.now() - this.#start);
    this.#owner.onConnected(this, new Connected(this.#cluster, this.#host, socket, this.#start));
  };

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    this.#fail('connection-failure', transportFailure(this.#socket, error));
  };

  readonly #onClose = (): void => {
    this.#fail('connection-failure', '');
  };

  #fail(reason: ResetReason, details: string): void {
    if (!this.#finish()) return;
    const { stats } = this.#cluster;
    stats.cxConnectFail.value++;
    this.#host.stats.cxConnectFail++;
    this.#uncount(reason === 'connection-timeout' ? 'local' : 'remote');
    this.#socket.on('error', () => undefined);
    this.#socket.destroy();
    const what = reason === 'connection-timeout' ? 'connect-timeout' : 'connect-failed';
    this.#cluster.report(this.#host, { kind: 'local', what });
    this.#owner.onConnectFailed(this, reason, details);
  }

  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#deadline.cancel();
    this.#socket.off('connect', this.#onConnect);
    this.#socket.off('secureConnect', this.#onConnect);
    this.#socket.off('error', this.#onError);
    this.#socket.off('close', this.#onClose);
    return true;
  }

  #uncount(by: EndedBy): void {
    this.#host.stats.cxActive--;
    countConnectionEnd(this.#cluster.stats, by, false, performance.now() - this.#start);
  }
}

/** A connection that was made. It hears of the socket's end before whoever uses the socket. */
export class Connected {
  readonly socket: Socket;
  readonly #cluster: Cluster;
  readonly #host: Host;
  readonly #start: number;
  #endedBy: EndedBy = 'local';

  constructor(cluster: Cluster, host: Host, socket: Socket, start: number) {
    this.#cluster = cluster;
    this.#host = host;
    this.socket = socket;
    this.#start = start;
    const onEnd = (): void => {
      if (!socket.writableEnded) this.#endedBy = 'remote';
    };
    socket.on('end', onEnd);
    socket.on('error', onEnd);
  }

  /** Counts that it is gone; `isActive`: with a request on it that was not answered. To be called once. */
  onGone(isActive: boolean, requests: number): void {
    this.#host.stats.cxActive--;
    this.#cluster.stats.rqPerCx.record(requests);
    countConnectionEnd(this.#cluster.stats, this.#endedBy, isActive, performance.now() - this.#start);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  ETIMEDOUT: 'Connection timed out',
  ECONNRESET: 'Connection reset by peer',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EACCES: 'Permission denied',
  ENOENT: 'No such file or directory',
};

/** Why a connection was not made, in Envoy's words. */
export function transportFailure(socket: Socket, error: NodeJS.ErrnoException): string {
  const connected = socket instanceof TLSSocket && !socket.connecting;
  return connected ? tlsFailure(error) : connectFailure(error);
}

function connectFailure({ code = '' }: NodeJS.ErrnoException): string {
  return `delayed connect error: ${REASONS[code] ?? code}`;
}

function tlsFailure(error: NodeJS.ErrnoException): string {
  return `TLS_error:|${error.code ?? error.message}:TLS_error_end`;
}
