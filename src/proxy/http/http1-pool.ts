/** Connections of HTTP/1.1 to one endpoint, kept for the next request. */

import { type ClientOptions, Http1ClientConnection } from '../http1/client-connection.ts';
import { Bag, type Place } from '../../base/bag.ts';
import type { CircuitBreaker, Cluster, ConnectOptions, Host } from '../upstream/types.ts';
import type { ResetReason, ResponseReceiver } from './codec.ts';
import { ConnectAttempt, type ConnectOwner, type Connected } from './connect.ts';
import { ConnectionLimits } from './connection-limits.ts';
import type { HostPool, PendingRequest } from './pool.ts';

export class Http1Pool implements HostPool, ConnectOwner {
  readonly #cluster: Cluster;
  readonly #host: Host;
  readonly #breaker: CircuitBreaker;
  readonly #options: ClientOptions;
  /** The last one that was used is used next. */
  readonly #idle: PooledConnection[] = [];
  readonly #all = new Bag<PooledConnection>();
  readonly #pending: PendingRequest[] = [];
  #connecting = 0;
  #closed = false;
  #connectOptions: ConnectOptions = { alpn: [] };
  readonly #onEmpty: () => void;

  constructor(cluster: Cluster, host: Host, priority: 'default' | 'high', onEmpty: () => void) {
    this.#cluster = cluster;
    this.#host = host;
    this.#breaker = cluster.breaker(priority);
    this.#onEmpty = onEmpty;
    const { settings, stats } = cluster;
    this.#options = {
      maxHeadBytes: settings.maxResponseHeadersKb * 1024,
      maxHeaders: settings.maxResponseHeaderCount,
      ...settings.http1,
      closeNotices: stats.cxCloseNotify,
      received: stats.cxRxBytesTotal,
      sent: stats.cxTxBytesTotal,
    };
  }

  request(receiver: ResponseReceiver, options: ConnectOptions): (() => void) | undefined {
    this.#connectOptions = options;
    const { requests } = this.#breaker;
    if (requests.current >= requests.max) {
      receiver.onReset('overflow', '');
      return undefined;
    }
    const ready = this.#idle.pop();
    if (ready !== undefined) {
      this.#attach(ready, receiver);
      return undefined;
    }
    const { stats } = this.#cluster;
    const { pendingRequests, connections } = this.#breaker;
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
    if (this.#pending.length > this.#connecting) {
      if (connections.current < connections.max) this.#connect(options);
      else {
        stats.scope.counter('upstream_cx_overflow').value++;
        // One that waits must have something to wait for.
        if (this.#all.size + this.#connecting === 0) this.#connect(options);
      }
    }
    return () => this.#cancel(pending);
  }

  /** No new requests: idle connections go now, the others after their request. */
  drain(): void {
    this.#closed = true;
    for (const connection of this.#all.all()) connection.retire();
    this.#finishWhenEmpty();
  }

  onConnected(_attempt: ConnectAttempt, connected: Connected): void {
    this.#connecting--;
    this.adopt(connected);
  }

  /** Takes a connection over that was made already. */
  adopt(connected: Connected): void {
    const pooled = new PooledConnection(connected, this.#options, this.#cluster, this);
    pooled.place = this.#all.add(pooled);
    this.#cluster.stats.cxHttp1Total.value++;
    this.onIdle(pooled);
  }

  onConnectFailed(_attempt: ConnectAttempt, reason: ResetReason, details: string): void {
    this.#connecting--;
    // It would have been one.
    this.#cluster.stats.cxHttp1Total.value++;
    this.#breaker.connections.current--;
    // As in Envoy all that wait hear of it: the next connection would mostly fare no better.
    const pending = this.#pending.splice(0);
    for (const { receiver } of pending) {
      this.#leavePending();
      this.#cluster.stats.rqPendingFailureEject.value++;
      receiver.onReset(reason, details);
    }
    this.#finishWhenEmpty();
  }

  /** The connection can take a request. */
  onIdle(pooled: PooledConnection): void {
    const { requests } = this.#breaker;
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      this.#leavePending();
      if (requests.current < requests.max) {
        this.#attach(pooled, next.receiver);
        return;
      }
      // While it waited others took what was left.
      next.receiver.onReset('overflow', '');
    }
    if (this.#closed) {
      pooled.retire();
      return;
    }
    this.#idle.push(pooled);
    pooled.rest();
  }

  onClosed(pooled: PooledConnection): void {
    if (pooled.place === undefined || !this.#all.delete(pooled.place)) return;
    const index = this.#idle.indexOf(pooled);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#breaker.connections.current--;
    // Requests that waited for this connection need another.
    if (this.#pending.length > this.#connecting) this.#connect(this.#connectOptions);
    this.#finishWhenEmpty();
  }

  #connect(options: ConnectOptions): void {
    this.#breaker.connections.current++;
    this.#connecting++;
    ConnectAttempt.begin(this.#cluster, this.#host, options, this);
  }

  #attach(pooled: PooledConnection, receiver: ResponseReceiver): void {
    receiver.onReady(pooled.start(receiver));
  }

  #cancel(pending: PendingRequest): void {
    const index = this.#pending.indexOf(pending);
    if (index < 0) return;
    this.#pending.splice(index, 1);
    this.#leavePending();
    this.#cluster.stats.rqCancelled.value++;
    this.#finishWhenEmpty();
  }

  #leavePending(): void {
    this.#breaker.pendingRequests.current--;
    this.#cluster.stats.rqPendingActive.value--;
  }

  #finishWhenEmpty(): void {
    if (this.#all.size + this.#connecting + this.#pending.length === 0) this.#onEmpty();
  }
}

/** A connection with the limits that the cluster sets to it. */
class PooledConnection {
  readonly #connection: Http1ClientConnection;
  readonly #limits: ConnectionLimits;
  readonly #pool: Http1Pool;
  /** Among those of the pool. */
  place: Place | undefined;

  constructor(connected: Connected, options: ClientOptions, cluster: Cluster, pool: Http1Pool) {
    this.#pool = pool;
    this.#limits = new ConnectionLimits(cluster, this);
    this.#connection = new Http1ClientConnection(connected.socket, options, {
      onIdle: () => this.#onIdle(),
      onClosed: ({ cutShort, requests }) => {
        connected.onGone(cutShort, requests);
        this.#onClosed();
      },
    });
  }

  start(receiver: ResponseReceiver): ReturnType<Http1ClientConnection['start']> {
    this.#limits.wake();
    return this.#connection.start(receiver);
  }

  rest(): void {
    this.#limits.rest();
  }

  retire(): void {
    this.#connection.retire();
  }

  #onIdle(): void {
    if (this.#limits.isUsedUp(this.#connection.requests)) this.retire();
    else this.#pool.onIdle(this);
  }

  #onClosed(): void {
    this.#limits.end();
    this.#pool.onClosed(this);
  }
}
