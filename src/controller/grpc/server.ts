/**
 * A gRPC server on Node's own HTTP/2. Messages go in and out as bytes that are not copied, which is why it
 * exists beside the library: docs/decisions/grpc-by-hand.md.
 */

import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { LOCAL_SOCKET, type Method, ServerCall } from './call.ts';
import { Deframer, type DeframerLimits, type Received } from './framing.ts';
import { type ListenAddress, Listeners } from './listeners.ts';
import { GRPC_STATUS } from './status.ts';

export interface GrpcServerOptions {
  readonly address: ListenAddress;
  /** By path: `/package.Service/Method`. */
  readonly methods: Readonly<Record<string, Method>>;
  readonly limits: DeframerLimits;
  /** Hears of each connection. */
  readonly onConnection?: () => void;
}

/** Milliseconds without a sign of life after which a client is asked for one, and its time to give it. */
const KEEPALIVE = { time: 30_000, timeout: 10_000 } as const;

/** Bytes that a client may send ahead: on one stream, and on all of a connection. */
const WINDOW = { stream: 256 << 10, connection: 1 << 20 } as const;

const MAX_STREAMS_PER_CONNECTION = 1000;
/** Larger messages have memory of their own. */
const SCRATCH_BYTES = 1 << 20;

const MAX_HEADER_BYTES = 32 << 10;

interface Connection {
  heardAt: number;
  /** A sign of life was asked for and has not come. */
  askedAt: number | undefined;
}

/** Characters of a method's name that an error repeats. */
const MOST_OF_A_PATH = 200;

export class GrpcServer {
  readonly #listeners: Listeners;
  readonly #options: GrpcServerOptions;
  readonly #connections = new Map<ServerHttp2Session, Connection>();
  readonly #received: Received = { bytes: 0 };
  /** Messages that came in parts are put together here. */
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  readonly #watch: NodeJS.Timeout;
  #isClosing = false;

  private constructor(server: Http2Server, listeners: Listeners, options: GrpcServerOptions) {
    this.#listeners = listeners;
    this.#options = options;
    server.on('session', (session) => this.#opened(session));
    server.on('stream', (stream, headers) => this.#called(stream, headers));
    // Faults of a connection end it, and nothing else.
    server.on('sessionError', () => {});
    this.#watch = setInterval(() => this.#lookForLife(), KEEPALIVE.timeout / 2);
    this.#watch.unref();
  }

  /** Begins to listen. Throws a `MeshError` when the address cannot be had. */
  static async start(options: GrpcServerOptions): Promise<GrpcServer> {
    const server = createServer({
      settings: {
        initialWindowSize: WINDOW.stream,
        maxConcurrentStreams: MAX_STREAMS_PER_CONNECTION,
        maxHeaderListSize: MAX_HEADER_BYTES,
        enablePush: false,
      },
    });
    const listeners = await Listeners.start(options.address, (socket) => server.emit('connection', socket));
    return new GrpcServer(server, listeners, options);
  }

  /** 0 for a Unix domain socket. */
  get port(): number {
    return this.#listeners.port;
  }

  #opened(session: ServerHttp2Session): void {
    if (this.#isClosing) {
      session.close();
      return;
    }
    this.#options.onConnection?.();
    session.setLocalWindowSize(WINDOW.connection);
    this.#connections.set(session, { heardAt: Date.now(), askedAt: undefined });
    session.on('error', () => {});
    session.on('close', () => this.#connections.delete(session));
  }

  #called(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', () => {});
    const { session } = stream;
    if (headers[':method'] !== 'POST' || !isGrpc(headers['content-type'])) {
      const status = headers[':method'] === 'POST' ? 415 : 405;
      stream.respond({ ':status': status }, { endStream: true });
      stream.resume();
      return;
    }
    const { methods, limits } = this.#options;
    const path = headers[':path'] ?? '';
    const method = Object.hasOwn(methods, path) ? methods[path] : undefined;
    if (method === undefined || session === undefined) {
      stream.respond(
        {
          ':status': 200,
          'content-type': 'application/grpc',
          'grpc-status': String(GRPC_STATUS.unimplemented),
          // Percent-encoded: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
          'grpc-message': encodeURI(`there is no method ${path.slice(0, MOST_OF_A_PATH)} here`),
        },
        { endStream: true },
      );
      stream.resume();
      return;
    }
    const connection = this.#connections.get(session as ServerHttp2Session);
    stream.on('data', () => {
      if (connection !== undefined) connection.heardAt = Date.now();
    });
    const { remoteAddress, remotePort } = session.socket;
    const peer = remoteAddress === undefined ? LOCAL_SOCKET : `${remoteAddress}:${remotePort}`;
    const deframer = new Deframer(limits, this.#received, this.#scratch);
    new ServerCall(stream, peer, deframer).serve(method);
  }

  /** Connections whose other end has gone without a word are closed. */
  #lookForLife(): void {
    const now = Date.now();
    for (const [session, connection] of this.#connections) {
      if (connection.askedAt !== undefined) {
        if (now - connection.askedAt > KEEPALIVE.timeout) session.destroy();
      } else if (now - connection.heardAt > KEEPALIVE.time && !session.destroyed) {
        connection.askedAt = now;
        session.ping(() => {
          connection.heardAt = Date.now();
          connection.askedAt = undefined;
        });
      }
    }
  }

  /** Stops listening and asks clients to go; waits `grace` milliseconds for them to close their connections. */
  async drain(grace: number): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#watch);
    this.#listeners.close();
    const closed = Promise.all(
      [...this.#connections.keys()].map(
        (session) => new Promise<void>((resolve) => session.once('close', resolve).close()),
      ),
    );
    const timer = setTimeout(() => {
      for (const session of this.#connections.keys()) session.destroy();
    }, grace);
    await closed;
    clearTimeout(timer);
  }
}

function isGrpc(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/grpc(?:[+;]|$)/.test(contentType);
}
