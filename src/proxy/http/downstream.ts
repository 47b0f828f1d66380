/** A client's connection at a connection manager: which protocol it speaks, how long it may, and its end. */

import type { DownstreamConnection } from '../listeners/connection.ts';
import { Http2ServerConnection, type Http2ServerOptions } from '../http2/server-connection.ts';
import { http2Stats } from '../http2/stats.ts';
import type { Refusal } from '../http1/refusal.ts';
import type { RequestHead } from '../http1/request-head.ts';
import { Http1ServerConnection, type ServerOptions, type ServerOwner } from '../http1/server-connection.ts';
import type { IncomingRequest, RequestReceiver, ResponseWriter } from './codec.ts';
import { Deadline, type DeadlineOwner, type Deadlines, deadlinesOf } from './deadlines.ts';
import { HeaderList } from './header-list.ts';
import type { Manager } from './manager.ts';
import { PrematureResets } from './premature-resets.ts';
import { HttpStream } from './stream.ts';
import { turnTime } from '../sockets/turn.ts';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n', 'latin1');

/** The options of a manager's connections; one for those over TLS, one for the others. */
export interface CodecOptions {
  readonly plain: ServerOptions;
  readonly tls: ServerOptions;
  readonly http2: Http2ServerOptions;
}

export function codecOptions({ settings, stats, context }: Manager): CodecOptions {
  const wait = (milliseconds: number): Deadlines | undefined =>
    milliseconds > 0 ? deadlinesOf(milliseconds) : undefined;
  const plain: ServerOptions = {
    ...settings.http1,
    maxHeaders: settings.maxHeaders,
    maxHeadBytes: settings.maxHeadBytes,
    underscores: settings.underscores,
    // Only where the connection itself says who the client is does it say what scheme there is.
    tls: !settings.useRemoteAddress || settings.trustedHops > 0,
    idle: wait(settings.idleTimeout),
    head: wait(settings.requestHeadersTimeout),
    delayedClose: wait(settings.delayedCloseTimeout),
    received: stats.counters.downstream_cx_rx_bytes_total,
    sent: stats.counters.downstream_cx_tx_bytes_total,
  };
  let made: Http2ServerOptions | undefined;
  const http2 = (): Http2ServerOptions => ({
    ...settings.http2,
    maxHeadBytes: settings.maxHeadBytes,
    maxHeaders: settings.maxHeaders,
    underscores: settings.underscores,
    drain: wait(settings.drainTimeout),
    flush: wait(settings.streamIdleTimeout),
    stats: http2Stats(context.stats),
    received: plain.received,
    sent: plain.sent,
  });
  return {
    plain,
    tls: { ...plain, tls: true },
    // With its first connection, as in Envoy: its statistics are there from then on.
    get http2() {
      return (made ??= http2());
    },
  };
}

export class Downstream implements ServerOwner, DeadlineOwner {
  readonly #manager: Manager;
  readonly #connection: DownstreamConnection;
  readonly #options: ServerOptions;
  readonly #codecs: CodecOptions;
  readonly #startTime = turnTime();
  #http1: Http1ServerConnection | undefined;
  #http2: Http2ServerConnection | undefined;
  readonly #idle = new Deadline(this);
  #age: Deadline | undefined;
  /** Answers say that the connection ends; when the time to leave is over it does. */
  #draining: Deadline | undefined;
  #requests = 0;
  #endedByClient = false;
  /** Requests are on the connection of HTTP/2. */
  #busy = false;

  constructor(manager: Manager, connection: DownstreamConnection, options: CodecOptions) {
    this.#manager = manager;
    this.#connection = connection;
    this.#options = connection.tls ? options.tls : options.plain;
    this.#codecs = options;
    const { counters, gauges } = manager.stats;
    counters.downstream_cx_total.value++;
    gauges.downstream_cx_active.value++;
    if (connection.tls) {
      counters.downstream_cx_ssl_total.value++;
      gauges.downstream_cx_ssl_active.value++;
    }
    const { maxConnectionDuration, codec } = manager.settings;
    if (maxConnectionDuration > 0) {
      this.#age = new Deadline(this);
      deadlinesOf(maxConnectionDuration).start(this.#age, this.#startTime);
    }
    const { socket } = connection;
    manager.onConnection(socket);
    const byClient = (): void => {
      this.#endedByClient ||= !socket.writableEnded;
    };
    socket.once('end', byClient);
    socket.once('error', byClient);
    if (codec === 'http1' || (codec === 'auto' && connection.alpn === 'http/1.1')) this.#speakHttp1();
    else if (codec === 'http2' || connection.alpn === 'h2') this.#speakHttp2();
    else this.#findProtocol();
  }

  #speakHttp1(): Http1ServerConnection {
    const { counters, gauges } = this.#manager.stats;
    counters.downstream_cx_http1_total.value++;
    gauges.downstream_cx_http1_active.value++;
    this.#http1 = new Http1ServerConnection(this.#connection.socket, this.#options, this);
    return this.#http1;
  }

  #speakHttp2(): Http2ServerConnection {
    const { counters, gauges } = this.#manager.stats;
    counters.downstream_cx_http2_total.value++;
    gauges.downstream_cx_http2_active.value++;
    const resets = new PrematureResets();
    this.#http2 = new Http2ServerConnection(this.#connection.socket, this.#codecs.http2, {
      onRequest: (request, writer) => this.#onRequest(request, writer),
      onRejected: () => {
        counters.downstream_rq_total.value++;
        counters.downstream_rq_http2_total.value++;
        counters.downstream_rq_rx_reset.value++;
      },
      onBusy: (busy) => this.#onBusy(busy),
      onRequestEnd: (premature) => {
        if (!resets.add(premature)) return;
        counters.downstream_rq_too_many_premature_resets.value++;
        this.#http2?.abort();
      },
      onProtocolError: () => counters.downstream_cx_protocol_error.value++,
      onClosed: () => {
        gauges.downstream_cx_http2_active.value--;
        this.#close(this.#busy);
      },
    });
    this.#onBusy(false);
    return this.#http2;
  }

  #onBusy(busy: boolean): void {
    const { idle } = this.#options;
    this.#busy = busy;
    if (busy) this.#idle.cancel();
    else idle?.start(this.#idle, turnTime());
  }

  /** The first bytes tell: connections of HTTP/2 begin with a text of their own. */
  #findProtocol(): void {
    const { socket } = this.#connection;
    let seen: Buffer | undefined;
    this.#onBusy(false);
    const look = (chunk: Buffer): void => {
      const bytes = seen === undefined ? chunk : Buffer.concat([seen, chunk]);
      const length = Math.min(bytes.length, PREFACE.length);
      const fits = bytes.compare(PREFACE, 0, length, 0, length) === 0;
      if (fits && length < PREFACE.length) {
        seen = bytes;
        return;
      }
      socket.off('data', look);
      socket.off('error', ignore);
      socket.off('close', gone);
      socket.off('end', leave);
      this.#idle.cancel();
      if (!fits) {
        this.#speakHttp1().receive(bytes);
        return;
      }
      this.#speakHttp2().receive(bytes);
    };
    const gone = () => this.#close(false);
    const leave = () => socket.destroySoon();
    socket.on('data', look);
    socket.on('error', ignore);
    socket.on('end', leave);
    socket.once('close', gone);
  }

  onRequest(head: RequestHead, writer: ResponseWriter): RequestReceiver {
    return this.#onRequest(head, writer);
  }

  #onRequest(head: IncomingRequest, writer: ResponseWriter): RequestReceiver {
    const stream = this.#stream(head, writer);
    const { maxRequestsPerConnection: most } = this.#manager.settings;
    if (most > 0 && ++this.#requests >= most) {
      this.#manager.stats.counters.downstream_cx_max_requests_reached.value++;
      writer.closeAfter();
      this.#http2?.drain();
    }
    stream.begin(head);
    return stream;
  }

  #stream(request: IncomingRequest, writer: ResponseWriter): HttpStream {
    return new HttpStream(this.#manager, this.#connection, request, writer, this);
  }

  onRefused(refusal: Refusal, writer: ResponseWriter): RequestReceiver {
    this.#manager.stats.counters.downstream_cx_protocol_error.value++;
    const stream = this.#stream(noRequest(), writer);
    const { status, details } = refusal;
    stream.refuse(status, this.#manager.phrase(status), details, 'DPE');
    return stream;
  }

  onHeadTimeout(writer: ResponseWriter): RequestReceiver {
    this.#manager.stats.counters.downstream_rq_header_timeout.value++;
    const stream = this.#stream(noRequest(), writer);
    stream.refuse(408, this.#manager.phrase(408), 'request_header_timeout', 'DPE');
    return stream;
  }

  /**
   * Whether an answer that begins now says that the connection ends. With it connections begin to drain whose listener goes:
   * a request may be on its way already, which must not be lost.
   */
  drains(): boolean {
    if (this.#draining === undefined && this.#connection.draining) {
      this.#manager.stats.counters.downstream_cx_drain_close.value++;
      this.#drain();
    }
    return this.#draining !== undefined;
  }

  onIdleTimeout(): void {
    this.#manager.stats.counters.downstream_cx_idle_timeout.value++;
    this.#retire();
  }

  onDeadline(deadline: Deadline): void {
    if (deadline === this.#idle) {
      this.onIdleTimeout();
    } else if (deadline === this.#age) {
      this.#manager.stats.counters.downstream_cx_max_duration_reached.value++;
      this.#retire();
    } else {
      this.#http1?.finish();
    }
  }

  /** It has lived, or done nothing, for long enough. Who has never said anything has nothing to lose. */
  #retire(): void {
    if (this.#http2 === undefined && this.#http1?.hasSpoken !== true) this.#connection.socket.destroySoon();
    else if (this.#draining === undefined) this.#drain();
  }

  #drain(): void {
    this.#draining = new Deadline(this);
    if (this.#http2 === undefined) {
      deadlinesOf(this.#manager.settings.drainTimeout).start(this.#draining, turnTime());
    } else this.#http2.drain();
  }

  onClosed(isActive: boolean): void {
    this.#manager.stats.gauges.downstream_cx_http1_active.value--;
    this.#close(isActive);
  }

  #close(isActive: boolean): void {
    const { counters, gauges, connectionTime } = this.#manager.stats;
    gauges.downstream_cx_active.value--;
    if (this.#connection.tls) gauges.downstream_cx_ssl_active.value--;
    counters.downstream_cx_destroy.value++;
    const by = this.#endedByClient ? 'downstream_cx_destroy_remote' : 'downstream_cx_destroy_local';
    counters[by].value++;
    if (isActive) {
      counters.downstream_cx_destroy_active_rq.value++;
      counters[`${by}_active_rq`].value++;
    }
    this.#age?.cancel();
    this.#idle.cancel();
    this.#draining?.cancel();
    connectionTime.record(turnTime() - this.#startTime);
  }
}

function ignore(): void {
  // The end of the connection follows.
}

function noRequest(): IncomingRequest {
  return {
    method: '',
    authority: '',
    path: '',
    scheme: '',
    protocol: 'HTTP/1.1',
    headers: new HeaderList(),
    hasAuthority: false,
    upgrade: '',
    expectsContinue: false,
    end: true,
    headBytes: 0,
  };
}
