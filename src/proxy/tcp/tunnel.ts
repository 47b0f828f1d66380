/** A client's connection that goes through a request to the next proxy: CONNECT or POST, over HTTP/1.1 or HTTP/2. */

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { OutgoingRequest, RequestWriter, ResetReason, ResponseReceiver } from '../http/codec.ts';
import type { HeaderList } from '../http/header-list.ts';
import { type PoolProtocol, poolOf } from '../http/pool.ts';
import type { Cluster, ConnectOptions, Host, UpstreamProtocol } from '../upstream/types.ts';
import type { ForwardingHooks } from './forwarding.ts';
import type { ConnectHooks, UpstreamConnection } from './upstream-connection.ts';
import { readFrom, writeTo } from '../sockets/reading.ts';

const NO_BYTES = Buffer.alloc(0);

/** HTTP/2 where the cluster speaks it at all: nothing is known of what the client speaks. */
function tunnelProtocol(protocol: UpstreamProtocol, speaksHttp2: boolean): PoolProtocol {
  if (protocol === 'as-downstream') return speaksHttp2 ? 'http2' : 'http1';
  return protocol;
}

/** Goes over a connection of the cluster's pools, and counts as a request of the cluster. */
export class Tunnel implements ResponseReceiver, UpstreamConnection {
  readonly #cluster: Cluster;
  readonly #host: Host;
  readonly #request: OutgoingRequest;
  readonly #hooks: ConnectHooks;
  #cancelWish: (() => void) | undefined;
  #writer: RequestWriter | undefined;
  #client: Socket | undefined;
  #forwarding: ForwardingHooks | undefined;
  #isOpen = false;
  #isOver = false;
  #isReadDone = false;
  #isWriteDone = false;
  #clientPaused = false;

  constructor(cluster: Cluster, host: Host, request: OutgoingRequest, hooks: ConnectHooks) {
    this.#cluster = cluster;
    this.#host = host;
    this.#request = request;
    this.#hooks = hooks;
  }

  open(connection: ConnectOptions): void {
    const { settings } = this.#cluster;
    const options = { ...connection, authority: this.#request.authority };
    const protocol = tunnelProtocol(settings.protocol, settings.speaksHttp2);
    const pool = poolOf(this.#cluster, this.#host, protocol, 'default', options);
    const cancel = pool.request(this, options);
    if (this.#writer === undefined && !this.#isOver) this.#cancelWish = cancel;
  }

  get localAddress(): string {
    return this.#writer?.localAddress ?? '';
  }

  get socket(): Socket | undefined {
    return this.#writer?.socket;
  }

  get isAsked(): boolean {
    return this.#writer !== undefined && !this.#isOpen && !this.#isOver;
  }

  forward(client: Socket, hooks: ForwardingHooks): void {
    this.#client = client;
    this.#forwarding = hooks;
    readFrom(client, (chunk) => this.#onClientData(chunk));
    client.once('end', () => this.#onClientEnd());
    client.on('drain', () => this.#writer?.resume());
    client.on('error', () => undefined);
    client.once('close', () => {
      this.close();
      hooks.onEnd('client');
    });
  }

  /** Gives the request up. */
  close(): void {
    if (this.#isOver) return;
    const writer = this.#writer;
    this.#finish();
    this.#cancelWish?.();
    if (writer !== undefined) this.#giveUp(writer);
  }

  finish(): void {
    // The client's end has been handed on, or its connection is gone: `close` has been told.
  }

  #giveUp(writer: RequestWriter): void {
    if (writer.protocol === 'HTTP/2') this.#cluster.stats.rqTxReset.value++;
    writer.reset();
  }

  // === the client ===

  #onClientData(chunk: Buffer): void {
    if (this.#isOver || this.#isWriteDone) return;
    this.#forwarding?.onBytes(true, chunk.length);
    if (this.#writer?.data(chunk, false) !== false) return;
    this.#clientPaused = true;
    this.#client?.pause();
    this.#forwarding?.onPause(true, true);
  }

  #onClientEnd(): void {
    if (this.#isOver) return;
    this.#isWriteDone = true;
    this.#writer?.data(NO_BYTES, true);
    this.#finishWhenDone();
  }

  // === the next proxy ===

  onReady(writer: RequestWriter): void {
    this.#cancelWish = undefined;
    this.#writer = writer;
    const { stats } = this.#cluster;
    stats.rqTotal.value++;
    stats.rqActive.value++;
    this.#host.stats.rqTotal++;
    this.#host.stats.rqActive++;
    this.#cluster.breaker('default').requests.current++;
    writer.head(this.#request, false);
  }

  onInformation(): void {
    // What counts is the answer.
  }

  onHead(status: number, _headers: HeaderList, end: boolean): void {
    if (this.#isOver) return;
    // As in Envoy: any success of HTTP/1.1 (RFC 9110, section 9.3.6), nothing but 200 of HTTP/2.
    const isHttp1 = this.#writer?.protocol === 'HTTP/1.1';
    if (end || (isHttp1 ? status < 200 || status > 299 : status !== 200)) {
      this.#fail('remote-reset', '', true);
      return;
    }
    this.#isOpen = true;
    this.#cluster.report(this.#host, { kind: 'local', what: 'connected' });
    this.#hooks.onConnect(this);
  }

  onData(chunk: Buffer, end: boolean): void {
    const client = this.#client;
    if (this.#isOver || client === undefined) return;
    if (chunk.length > 0) {
      this.#forwarding?.onBytes(false, chunk.length);
      if (!writeTo(client, chunk)) this.#writer?.pause();
    }
    if (end) this.#onFarEnd(client);
  }

  onTrailers(): void {
    if (!this.#isOver && this.#client !== undefined) this.#onFarEnd(this.#client);
  }

  onReset(reason: ResetReason, details: string): void {
    if (this.#isOver) return;
    const isReset = reason === 'remote-reset' || reason === 'remote-refused';
    if (isReset) this.#cluster.stats.rqRxReset.value++;
    if (!this.#isOpen) this.#fail(reason, details, false);
    else if (isReset) this.#resetClient();
    else this.#closeClient();
  }

  onWritable(): void {
    if (!this.#clientPaused) return;
    this.#clientPaused = false;
    this.#forwarding?.onPause(true, false);
    this.#client?.resume();
  }

  #resetClient(): void {
    this.#finish();
    const client = this.#client;
    // Over TLS there is no reset that means anything to the one who gets it.
    if (client instanceof TLSSocket) client.destroySoon();
    else client?.resetAndDestroy();
    this.#forwarding?.onEnd('reset');
  }

  #closeClient(): void {
    this.#finish();
    // What came is still read by the client.
    this.#client?.destroySoon();
    this.#forwarding?.onEnd('endpoint');
  }

  #onFarEnd(client: Socket): void {
    if (this.#writer?.protocol === 'HTTP/1.1') {
      // A connection of HTTP/1.1 has nothing that could still go the other way.
      this.#closeClient();
      return;
    }
    this.#isReadDone = true;
    client.end();
    this.#finishWhenDone();
  }

  #finishWhenDone(): void {
    if (!this.#isReadDone || !this.#isWriteDone) return;
    this.#finish();
    this.#forwarding?.onEnd('both');
  }

  #fail(reason: ResetReason, details: string, resets: boolean): void {
    const writer = this.#writer;
    this.#finish();
    if (resets && writer !== undefined) this.#giveUp(writer);
    this.#hooks.onFailure(details, reason === 'connection-timeout');
  }

  #finish(): void {
    this.#isOver = true;
    if (this.#writer === undefined) return;
    this.#cluster.stats.rqActive.value--;
    this.#host.stats.rqActive--;
    this.#cluster.breaker('default').requests.current--;
  }
}
