/** Where CONNECT ends: what follows its head goes to an endpoint as it is, on a connection of its own. */

import type { Socket } from 'node:net';
import { writeV1, writeV2 } from '../listeners/proxy-protocol.ts';
import type { ConnectConfig } from '../route/connect-config.ts';
import type { CircuitBreaker, Cluster, ConnectOptions, Host } from '../upstream/types.ts';
import type { OutgoingRequest, RequestWriter, ResetReason, ResponseReceiver } from './codec.ts';
import { ConnectAttempt, type ConnectOwner, type Connected } from './connect.ts';
import { HeaderList } from './header-list.ts';
import { readFrom, writeTo } from '../sockets/reading.ts';

const NO_BYTES = Buffer.alloc(0);

/** Whether the request's body is such bytes: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/upgrades#connect-support */
export function endsHere(connect: ConnectConfig | undefined, method: string): connect is ConnectConfig {
  return connect !== undefined && (method === 'CONNECT' || (method === 'POST' && connect.allowPost));
}

/** Calls `onReady` or `onReset`, as a pool does; gives back what takes the wish back. */
export function openTcp(
  cluster: Cluster,
  host: Host,
  breaker: CircuitBreaker,
  connect: ConnectConfig,
  receiver: ResponseReceiver,
  options: ConnectOptions,
): (() => void) | undefined {
  const { connections, requests } = breaker;
  if (connections.current >= connections.max || requests.current >= requests.max) {
    if (connections.current >= connections.max) cluster.stats.scope.counter('upstream_cx_overflow').value++;
    receiver.onReset('overflow', '');
    return undefined;
  }
  const stream = new TcpStream(cluster, host, breaker, connect, receiver, options);
  return () => stream.reset();
}

class TcpStream implements RequestWriter, ConnectOwner {
  readonly protocol = '';
  readonly #cluster: Cluster;
  readonly #breaker: CircuitBreaker;
  readonly #connect: ConnectConfig;
  readonly #receiver: ResponseReceiver;
  readonly #options: ConnectOptions;
  readonly #attempt: ConnectAttempt;
  socket: Socket | undefined;
  #isOver = false;
  localAddress = '';

  constructor(
    cluster: Cluster,
    host: Host,
    breaker: CircuitBreaker,
    connect: ConnectConfig,
    receiver: ResponseReceiver,
    options: ConnectOptions,
  ) {
    this.#cluster = cluster;
    this.#breaker = breaker;
    this.#connect = connect;
    this.#receiver = receiver;
    this.#options = options;
    breaker.connections.current++;
    cluster.stats.rqPendingTotal.value++;
    this.#attempt = ConnectAttempt.begin(cluster, host, options, this);
  }

  onConnected(_attempt: ConnectAttempt, connected: Connected): void {
    const { socket } = connected;
    this.socket = socket;
    const { localAddress = '', localPort = 0 } = socket;
    this.localAddress = localAddress.includes(':')
      ? `[${localAddress}]:${localPort}`
      : `${localAddress}:${localPort}`;
    socket.on('error', () => undefined);
    socket.once('close', () => {
      // The connection was the request's own.
      connected.onGone(true, 1);
      this.#onClosed();
    });
    this.#receiver.onReady(this);
  }

  onConnectFailed(_attempt: ConnectAttempt, reason: ResetReason, details: string): void {
    this.#isOver = true;
    this.#breaker.connections.current--;
    this.#cluster.stats.rqPendingFailureEject.value++;
    this.#receiver.onReset(reason, details);
  }

  head(_request: OutgoingRequest, end: boolean): void {
    const socket = this.socket;
    if (socket === undefined) return;
    const { source, destination } = this.#options.downstream ?? {};
    if (this.#connect.proxyProtocol !== undefined) {
      this.#write(socket, (this.#connect.proxyProtocol === 1 ? writeV1 : writeV2)(source, destination));
    }
    if (end) socket.end();
    // The answer comes after what of the request was there before: that is still being written.
    process.nextTick(() => this.#answer(socket));
  }

  data(chunk: Buffer, end: boolean): boolean {
    const socket = this.socket;
    if (this.#isOver || socket === undefined || socket.writableEnded) return true;
    const room = chunk.length === 0 || this.#write(socket, chunk);
    if (end) socket.end();
    return room;
  }

  trailers(): void {
    this.socket?.end();
  }

  reset(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const socket = this.socket;
    if (socket === undefined) {
      this.#attempt.cancel();
      this.#breaker.connections.current--;
    } else {
      socket.destroy();
    }
  }

  pause(): void {
    this.socket?.pause();
  }

  resume(): void {
    this.socket?.resume();
  }

  #write(socket: Socket, bytes: Buffer): boolean {
    this.#cluster.stats.cxTxBytesTotal.value += bytes.length;
    return writeTo(socket, bytes);
  }

  #answer(socket: Socket): void {
    if (this.#isOver) return;
    this.#receiver.onHead(200, new HeaderList(), false);
    readFrom(socket, (chunk) => {
      this.#cluster.stats.cxRxBytesTotal.value += chunk.length;
      if (!this.#isOver) this.#receiver.onData(chunk, false);
    });
    socket.on('drain', () => this.#receiver.onWritable());
    socket.once('end', () => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#receiver.onData(NO_BYTES, true);
      // With the end of the answer the request is over, whatever of it is still to come.
      socket.destroySoon();
    });
  }

  #onClosed(): void {
    this.#breaker.connections.current--;
    if (this.#isOver) return;
    this.#isOver = true;
    this.#receiver.onReset('connection-termination', '');
  }
}
