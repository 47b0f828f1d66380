/**
 * One bidirectional gRPC call over HTTP/2, on a connection of a cluster: with the cluster's endpoints, TLS and
 * timeouts, as Envoy's own client has it. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */

import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { Timeout } from '../timeout.ts';
import type { Cluster, Host } from '../upstream/types.ts';

export interface StreamEvents {
  onMessage(bytes: Buffer): void;
  /** The call is over, for whatever reason; called once, and nothing comes after it. */
  onEnd(status: GrpcEnd): void;
}

export interface GrpcEnd {
  /** https://grpc.io/docs/guides/status-codes/ */
  readonly code: number;
  readonly message: string;
}

export interface StreamOptions {
  /** `/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The largest message that is taken: a configuration of many ten thousand services. */
const MAX_MESSAGE_BYTES = 256 << 20;
/** Bytes on their way without an acknowledgement, so that a large configuration comes in few round trips. */
const WINDOW_BYTES = 8 << 20;

const UNKNOWN = 2;
const RESOURCE_EXHAUSTED = 8;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const CLOSED: GrpcEnd = { code: UNAVAILABLE, message: 'the stream was closed' };

export class GrpcStream {
  readonly #events: StreamEvents;
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  readonly #timeout: Timeout | undefined;
  #parts: Buffer[] = [];
  #size = 0;
  #status: GrpcEnd | undefined;
  #ended = false;

  constructor(cluster: Cluster, host: Host, options: StreamOptions, events: StreamEvents) {
    this.#events = events;
    const authority = host.hostname === '' ? cluster.name : host.hostname;
    const socket = cluster.connect(host, { alpn: ['h2'], authority });
    // A controller that is killed says nothing more than that. The session leaves it to the socket, which may be half open.
    socket.once('end', () => socket.end());
    this.#session = connect('http://unused', {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
    });
    this.#session.on('error', (error) => this.#end({ code: UNAVAILABLE, message: error.message }));
    this.#session.on('close', () => this.#end({ code: UNAVAILABLE, message: 'the connection was closed' }));
    this.#session.on('connect', () => {
      this.#timeout?.clear();
      this.#session.setLocalWindowSize(WINDOW_BYTES);
    });
    if (cluster.settings.connectTimeout > 0) {
      this.#timeout = new Timeout(cluster.settings.connectTimeout, () => {
        this.#end({ code: UNAVAILABLE, message: 'connection timeout' });
      });
    }
    this.#stream = this.#session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_SCHEME]: cluster.settings.tls ? 'https' : 'http',
      [constants.HTTP2_HEADER_AUTHORITY]: authority,
      [constants.HTTP2_HEADER_PATH]: options.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...options.headers,
    });
    this.#stream.on('response', (headers) => this.#onResponse(headers));
    this.#stream.on('trailers', (trailers) => this.#onTrailers(trailers));
    this.#stream.on('data', (chunk: Buffer) => this.#onData(chunk));
    // The controller has said all; our own half would stay open.
    this.#stream.on('end', () => this.#end(this.#status ?? CLOSED));
    this.#stream.on('error', (error) => this.#end({ code: UNAVAILABLE, message: error.message }));
    this.#stream.on('close', () => this.#end(this.#status ?? CLOSED));
  }

  send(message: Uint8Array): void {
    if (this.#ended) return;
    // A frame of gRPC: not compressed, its length, the message.
    const frame = Buffer.allocUnsafe(5 + message.length);
    frame.writeUInt8(0, 0);
    frame.writeUInt32BE(message.length, 1);
    frame.set(message, 5);
    this.#stream.write(frame);
  }

  /** Ends the call without a word to `onEnd`. */
  close(): void {
    this.#ended = true;
    this.#destroy();
  }

  #onResponse(headers: Record<string, unknown>): void {
    this.#onTrailers(headers);
    const status = Number(headers[':status']);
    if (status !== 200 && this.#status === undefined) {
      this.#end({ code: status === 503 ? UNAVAILABLE : UNKNOWN, message: `HTTP status ${status}` });
    }
  }

  #onTrailers(trailers: Record<string, unknown>): void {
    const status = trailers['grpc-status'];
    if (status === undefined) return;
    const message = typeof trailers['grpc-message'] === 'string' ? trailers['grpc-message'] : '';
    this.#status = { code: Number(status), message: decoded(message) };
  }

  #onData(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#size += chunk.length;
    while (!this.#ended && this.#size >= 5) {
      const head = this.#gather(5);
      const length = head.readUInt32BE(1);
      if (head.readUInt8(0) !== 0) {
        this.#end({ code: INTERNAL, message: 'a compressed message, which was not asked for' });
        return;
      }
      if (length > MAX_MESSAGE_BYTES) {
        this.#end({ code: RESOURCE_EXHAUSTED, message: `a message of ${length} bytes` });
        return;
      }
      if (this.#size < 5 + length) return;
      const whole = this.#gather(5 + length);
      const rest = whole.subarray(5 + length);
      this.#parts = rest.length === 0 ? [] : [rest];
      this.#size = rest.length;
      this.#events.onMessage(whole.subarray(5, 5 + length));
    }
  }

  /** The first bytes of what has come, at least so many, in one piece. */
  #gather(bytes: number): Buffer {
    const [first] = this.#parts;
    if (first !== undefined && (first.length >= bytes || this.#parts.length === 1)) return first;
    const whole = Buffer.concat(this.#parts);
    this.#parts = [whole];
    return whole;
  }

  #end(status: GrpcEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#destroy();
    this.#events.onEnd(status);
  }

  #destroy(): void {
    this.#timeout?.clear();
    this.#parts = [];
    this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#session.destroy();
  }
}

/** `grpc-message` is percent-encoded; what is not, is taken as it is. */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
