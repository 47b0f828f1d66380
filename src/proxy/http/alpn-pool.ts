/** Connections to an endpoint whose protocol its TLS handshake tells. */

import { TLSSocket } from 'node:tls';
import type { CircuitBreaker, Cluster, ConnectOptions, Host } from '../upstream/types.ts';
import type { ResetReason, ResponseReceiver } from './codec.ts';
import { ConnectAttempt, type ConnectOwner, type Connected } from './connect.ts';
import { Http1Pool } from './http1-pool.ts';
import { Http2Pool } from './http2-pool.ts';
import type { HostPool } from './pool.ts';

interface Wish {
  readonly receiver: ResponseReceiver;
  readonly options: ConnectOptions;
}

export class AlpnPool implements HostPool, ConnectOwner {
  readonly #cluster: Cluster;
  readonly #host: Host;
  readonly #breaker: CircuitBreaker;
  readonly #http1: Http1Pool;
  readonly #http2: Http2Pool;
  #known: HostPool | undefined;
  #attempt: ConnectAttempt | undefined;
  #wishes: Wish[] = [];

  constructor(cluster: Cluster, host: Host, priority: 'default' | 'high', onEmpty: () => void) {
    this.#cluster = cluster;
    this.#host = host;
    this.#breaker = cluster.breaker(priority);
    this.#http1 = new Http1Pool(cluster, host, priority, onEmpty);
    this.#http2 = new Http2Pool(cluster, host, priority, onEmpty);
  }

  request(receiver: ResponseReceiver, options: ConnectOptions): (() => void) | undefined {
    if (this.#known !== undefined) return this.#known.request(receiver, options);
    const wish: Wish = { receiver, options };
    this.#wishes.push(wish);
    if (this.#attempt === undefined) {
      this.#breaker.connections.current++;
      const offered = { ...options, alpn: ['h2', 'http/1.1'] };
      this.#attempt = ConnectAttempt.begin(this.#cluster, this.#host, offered, this);
    }
    return () => {
      this.#wishes = this.#wishes.filter((one) => one !== wish);
    };
  }

  drain(): void {
    this.#http1.drain();
    this.#http2.drain();
  }

  onConnected(_attempt: ConnectAttempt, connected: Connected): void {
    this.#attempt = undefined;
    const { socket } = connected;
    const pool = socket instanceof TLSSocket && socket.alpnProtocol === 'h2' ? this.#http2 : this.#http1;
    this.#known = pool;
    pool.adopt(connected);
    for (const { receiver, options } of this.#wishes.splice(0)) pool.request(receiver, options);
  }

  onConnectFailed(_attempt: ConnectAttempt, reason: ResetReason, details: string): void {
    this.#attempt = undefined;
    this.#breaker.connections.current--;
    for (const { receiver } of this.#wishes.splice(0)) {
      this.#cluster.stats.rqPendingFailureEject.value++;
      receiver.onReset(reason, details);
    }
  }
}
