/** Connections of HTTP/2 to one endpoint: as few as will do. */

import { Http2ClientConnection, type Http2ClientOwner } from '../http2/client-session.ts';
import { http2Stats } from '../http2/stats.ts';
import type { CircuitBreaker, Cluster, ConnectOptions, Host } from '../upstream/types.ts';
import type { ResetReason, ResponseReceiver } from './codec.ts';
import { ConnectionLimits } from './connection-limits.ts';
import { ConnectAttempt, type ConnectOwner, type Connected } from './connect.ts';
import type { HostPool, PendingRequest } from './pool.ts';

/** A connection, and what is told of it. */
interface Pooled {
  readonly connected: Connected;
  readonly limits: ConnectionLimits;
}

export class Http2Pool implements HostPool, ConnectOwner, Http2ClientOwner {
  readonly #cluster: Cluster;
  readonly #host: Host;
  readonly #breaker: CircuitBreaker;
  readonly #open = new Set<Http2ClientConnection>();
  readonly #all = new Map<Http2ClientConnection, Pooled>();
  readonly #pending: PendingRequest[] = [];
  readonly #connecting = new Set<ConnectAttempt>();
  #closed = false;
  #connectOptions: ConnectOptions = { alpn: [] };
  readonly #onEmpty: () => void;

  constructor(cluster: Cluster, host: Host, priority: 'default' | 'high', onEmpty: () => void) {
    this.#onEmpty = onEmpty;
    this.#cluster = cluster;
    this.#host = host;
    this.#breaker = cluster.breaker(priority);
  }

  request(receiver: ResponseReceiver, options: ConnectOptions): (() => void) | undefined {
    this.#connectOptions = options;
    const { stats } = this.#cluster;
    const { requests, pendingRequests } = this.#breaker;
    if (requests.current >= requests.max) {
      receiver.onReset('overflow', '');
      return undefined;
    }
    for (const connection of this.#open) {
      if (!connection.hasRoom) continue;
      this.#attach(connection, receiver);
      return undefined;
    }
    if (pendingRequests.current >= pendingRequests.max) {
      stats.rqPendingOverflow.value++;
      receiver.onReset('overflow', '');
      return undefined;
    }
    const pending: PendingRequest = { receiver };
    this.#pending.push(pending);
    pendingRequests.current++;
    stats.rqPendingTotal.value++;
    stats.rqPendingActive.value++;
    this.#connectForPending();
    return () => this.#cancel(pending);
  }

  drain(): void {
    this.#closed = true;
    for (const connection of this.#all.keys()) connection.retire();
  }

  /** Takes a connection over that was made already. */
  adopt(connected: Connected): void {
    const { settings, stats } = this.#cluster;
    stats.cxHttp2Total.value++;
    const connection = new Http2ClientConnection(
      connected.socket,
      {
        ...settings.http2,
        maxHeadBytes: settings.maxResponseHeadersKb * 1024,
        maxHeaders: settings.maxResponseHeaderCount,
        stats: http2Stats(stats.scope),
        received: stats.cxRxBytesTotal,
        sent: stats.cxTxBytesTotal,
      },
      this,
    );
    this.#all.set(connection, { connected, limits: new ConnectionLimits(this.#cluster, connection) });
    this.#open.add(connection);
    this.onRoom(connection);
    if (connection.idle) this.onIdle(connection);
    if (this.#closed) connection.retire();
    // Those that were expected on it may be more than it takes.
    this.#connectForPending();
  }

  onConnected(attempt: ConnectAttempt, connected: Connected): void {
    this.#connecting.delete(attempt);
    this.adopt(connected);
  }

  onConnectFailed(attempt: ConnectAttempt, reason: ResetReason, details: string): void {
    this.#connecting.delete(attempt);
    this.#breaker.connections.current--;
    for (const { receiver } of this.#pending.splice(0)) {
      this.#leavePending();
      this.#cluster.stats.rqPendingFailureEject.value++;
      receiver.onReset(reason, details);
    }
  }

  onRoom(connection: Http2ClientConnection): void {
    const { requests } = this.#breaker;
    while (connection.hasRoom) {
      const next = this.#pending.shift();
      if (next === undefined) return;
      this.#leavePending();
      // While it waited others took what was left.
      if (requests.current >= requests.max) next.receiver.onReset('overflow', '');
      else this.#attach(connection, next.receiver);
    }
  }

  onIdle(connection: Http2ClientConnection): void {
    this.#all.get(connection)?.limits.rest();
  }

  onRetired(connection: Http2ClientConnection): void {
    this.#open.delete(connection);
  }

  onGoaway(): void {
    this.#cluster.stats.cxCloseNotify.value++;
  }

  onClosed(connection: Http2ClientConnection): void {
    const pooled = this.#all.get(connection);
    if (pooled === undefined) return;
    pooled.limits.end();
    this.#all.delete(connection);
    this.#open.delete(connection);
    this.#breaker.connections.current--;
    const { active } = connection;
    // As in Envoy, though they waited for their answers only.
    this.#cluster.stats.rqPendingFailureEject.value += active;
    pooled.connected.onGone(active > 0, connection.requests);
    this.#connectForPending();
    this.#finishWhenEmpty();
  }

  #finishWhenEmpty(): void {
    if (this.#all.size + this.#connecting.size + this.#pending.length === 0) this.#onEmpty();
  }

  #attach(connection: Http2ClientConnection, receiver: ResponseReceiver): void {
    const limits = this.#all.get(connection)?.limits;
    limits?.wake();
    const writer = connection.start(receiver);
    if (limits?.isUsedUp(connection.requests) === true) connection.retire();
    receiver.onReady(writer);
  }

  /** As many connections as the requests that wait need, by what the configuration says that each takes. */
  #connectForPending(): void {
    const { maxConcurrentStreams } = this.#cluster.settings.http2;
    while (this.#pending.length > this.#connecting.size * maxConcurrentStreams) {
      if (!this.#connect()) return;
    }
  }

  /** False when there are as many as there may be. */
  #connect(): boolean {
    const { connections } = this.#breaker;
    // One that waits must have something to wait for.
    if (connections.current >= connections.max && this.#all.size + this.#connecting.size > 0) {
      this.#cluster.stats.scope.counter('upstream_cx_overflow').value++;
      return false;
    }
    connections.current++;
    const offered = { ...this.#connectOptions, alpn: ['h2'] };
    this.#connecting.add(ConnectAttempt.begin(this.#cluster, this.#host, offered, this));
    return true;
  }

  #cancel(pending: PendingRequest): void {
    const index = this.#pending.indexOf(pending);
    if (index < 0) return;
    this.#pending.splice(index, 1);
    this.#leavePending();
    this.#cluster.stats.rqCancelled.value++;
  }

  #leavePending(): void {
    this.#breaker.pendingRequests.current--;
    this.#cluster.stats.rqPendingActive.value--;
  }
}
