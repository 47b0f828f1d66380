/** Exchanges of requests and answers, done by our codec and by Node's in either role. */

import {
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
  connect as connectNode,
  createSecureServer as createSecureNodeServer,
  createServer as createNodeServer,
} from 'node:http2';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import type {
  IncomingRequest,
  RequestReceiver,
  RequestWriter,
  ResponseReceiver,
  ResponseWriter,
} from '../../../src/proxy/http/codec.ts';
import { HeaderList } from '../../../src/proxy/http/header-list.ts';
import { Http2ClientConnection } from '../../../src/proxy/http2/client-session.ts';
import type { ConnectionOptions } from '../../../src/proxy/http2/connection.ts';
import { type Http2Settings, http2Settings } from '../../../src/proxy/http2/options.ts';
import { Http2ServerConnection } from '../../../src/proxy/http2/server-connection.ts';
import { http2Stats } from '../../../src/proxy/http2/stats.ts';
import { StatsStore } from '../../../src/proxy/stats/store.ts';
import { authority } from '../tls/certificates.ts';

type Pair = readonly [name: string, value: string];

export interface Message {
  readonly headers: readonly Pair[];
  /** Sizes of the pieces in which the body is written. */
  readonly body: readonly number[];
  readonly trailers: readonly Pair[];
}

export interface Exchange {
  readonly request: Message;
  readonly response: Message;
  readonly status: number;
  /** Whoever reads stops now and then. */
  readonly pauses: boolean;
  /** The client gives it up soon after it has begun. */
  readonly abandoned: boolean;
}

/** What one side has read. */
export interface Heard {
  readonly headers: readonly Pair[];
  readonly bytes: number;
  readonly trailers: readonly Pair[];
  /** `whole`, or how it went wrong. */
  readonly end: string;
}

/** What is to be heard of a message. */
export function heardOf({ headers, body, trailers }: Message): Heard {
  const bytes = body.reduce((sum, size) => sum + size, 0);
  return { headers, bytes, trailers, end: 'whole' };
}

export interface TestServer {
  readonly port: number;
  /** By the index of the exchange. */
  readonly heard: Heard[];
  /** Streams that it has not forgotten. */
  openStreams(): number;
  stop(): Promise<void>;
}

export interface TestClient {
  ask(index: number, exchange: Exchange): Promise<{ readonly status: number } & Heard>;
  stop(): void;
}

export function codecOptions(over: Partial<Http2Settings> = {}): ConnectionOptions {
  return {
    ...http2Settings('test', undefined),
    ...over,
    maxHeadBytes: 60 * 1024,
    maxHeaders: 100,
    stats: http2Stats(new StatsStore().root),
    received: { value: 0 },
    sent: { value: 0 },
  };
}

const isOwn = (name: string): boolean => name.startsWith('x-');

function ownPairs(list: HeaderList): Pair[] {
  return [...list.entries()].filter(([name]) => isOwn(name));
}

/** The same order of pairs everywhere: Node puts values of one name together. */
export function sorted(pairs: readonly Pair[]): Pair[] {
  return [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
}

function nodePairs(headers: IncomingHttpHeaders): Pair[] {
  return Object.entries(headers).flatMap(([name, value]): Pair[] =>
    isOwn(name) ? [[name, String(value)]] : [],
  );
}

/** Every body is the beginning of this. */
const CONTENT = Buffer.alloc(1_500_000, 'a lateen sail is cut to a triangle');

/** The body in its pieces. */
function pieces({ body }: Message): Buffer[] {
  let at = 0;
  return body.map((size) => CONTENT.subarray(at, (at += size)));
}

/** Writes a body and its end to one of our writers, as fast as it takes it. */
class Writing {
  readonly #writer: RequestWriter | ResponseWriter;
  readonly #pieces: Buffer[];
  readonly #trailers: readonly Pair[];
  #done = false;

  constructor(writer: RequestWriter | ResponseWriter, message: Message) {
    this.#writer = writer;
    this.#pieces = pieces(message);
    this.#trailers = message.trailers;
    this.goOn();
  }

  goOn(): void {
    while (!this.#done) {
      const piece = this.#pieces.shift();
      if (piece === undefined) {
        this.#done = true;
        this.#writer.trailers(HeaderList.from(this.#trailers));
        return;
      }
      const last = this.#pieces.length === 0 && this.#trailers.length === 0;
      this.#done = last;
      if (!this.#writer.data(piece, last)) return;
    }
  }
}

/** Reads what one of our codecs brings. */
class Reading {
  readonly #source: { pause(): void; resume(): void } | undefined;
  readonly #done: (heard: Heard) => void;
  #headers: readonly Pair[];
  #bytes = 0;

  constructor(
    headers: readonly Pair[],
    source: { pause(): void; resume(): void } | undefined,
    done: (heard: Heard) => void,
  ) {
    this.#headers = headers;
    this.#source = source;
    this.#done = done;
  }

  data(chunk: Buffer, end: boolean): void {
    const from = this.#bytes;
    this.#bytes += chunk.length;
    if (!chunk.equals(CONTENT.subarray(from, this.#bytes))) throw new Error('other bytes than were sent');
    if (end) this.end([], 'whole');
    else if (this.#source !== undefined) {
      this.#source.pause();
      setImmediate(() => this.#source?.resume());
    }
  }

  end(trailers: readonly Pair[], end: string): void {
    this.#done({ headers: this.#headers, bytes: this.#bytes, trailers, end });
  }
}

class Answering implements RequestReceiver {
  readonly #writer: ResponseWriter;
  readonly #exchange: Exchange;
  readonly #reading: Reading;
  #writing: Writing | undefined;

  constructor(
    request: IncomingRequest,
    writer: ResponseWriter,
    exchange: Exchange,
    onHeard: (heard: Heard) => void,
  ) {
    this.#writer = writer;
    this.#exchange = exchange;
    this.#reading = new Reading(ownPairs(request.headers), exchange.pauses ? writer : undefined, onHeard);
    if (request.end) this.onData(Buffer.alloc(0), true);
  }

  onData(chunk: Buffer, end: boolean): void {
    this.#reading.data(chunk, end);
    if (end) this.#answer();
  }

  onTrailers(trailers: HeaderList): void {
    this.#reading.end(ownPairs(trailers), 'whole');
    this.#answer();
  }

  onReset(reason: string): void {
    this.#reading.end([], reason);
  }

  onRefused(): void {
    this.#reading.end([], 'refused');
  }

  onWritable(): void {
    this.#writing?.goOn();
  }

  #answer(): void {
    const { status, response } = this.#exchange;
    const end = response.body.length === 0 && response.trailers.length === 0;
    this.#writer.head(status, HeaderList.from(response.headers), end);
    if (!end) this.#writing = new Writing(this.#writer, response);
  }
}

async function listening(server: {
  listen(port: number, host: string, then: () => void): unknown;
  address(): string | AddressInfo | null;
}): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** How a connection is spoken on. */
export interface Manner {
  readonly settings?: Partial<Http2Settings>;
  readonly tls?: boolean;
}

export async function ourServer(
  exchanges: readonly Exchange[],
  { settings, tls = false }: Manner,
): Promise<TestServer> {
  const heard: Heard[] = [];
  const sockets = new Set<Socket>();
  const options = {
    ...codecOptions(settings),
    underscores: 'allow',
    drain: undefined,
    flush: undefined,
  } as const;
  const onSocket = (socket: Socket): void => {
    void new Http2ServerConnection(socket, options, {
      onRequest: (request, writer) => {
        const index = Number(request.path.slice(1));
        const exchange = exchanges[index];
        if (exchange === undefined) throw new Error(`no exchange ${request.path}`);
        return new Answering(request, writer, exchange, (all) => (heard[index] = all));
      },
      onRejected: () => undefined,
      onBusy: () => undefined,
      onRequestEnd: () => undefined,
      onProtocolError: () => undefined,
      onClosed: () => undefined,
    });
  };
  const server = tls
    ? createTlsServer({ ...authority().issue(['localhost']), ALPNProtocols: ['h2'] }, onSocket)
    : createServer({ allowHalfOpen: true, noDelay: true }, onSocket);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  const port = await listening(server);
  return {
    port,
    heard,
    openStreams: () => options.stats.streamsActive.value,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function nodeServer(
  exchanges: readonly Exchange[],
  { tls = false }: Manner,
): Promise<TestServer> {
  const heard: Heard[] = [];
  // A client may be gone before its session is there.
  const sockets = new Set<Socket>();
  let open = 0;
  const onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    open++;
    const index = Number(String(headers[':path']).slice(1));
    const exchange = exchanges[index];
    if (exchange === undefined) throw new Error(`no exchange ${index}`);
    let bytes = 0;
    let trailers: Pair[] = [];
    stream.on('error', () => undefined);
    stream.on('close', () => open--);
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (!exchange.pauses) return;
      stream.pause();
      setImmediate(() => stream.resume());
    });
    stream.on('trailers', (all: IncomingHttpHeaders) => (trailers = nodePairs(all)));
    stream.on('end', () => {
      if (stream.aborted) return;
      heard[index] = { headers: nodePairs(headers), bytes, trailers, end: 'whole' };
      const { response, status } = exchange;
      stream.respond(
        { ':status': status, ...Object.fromEntries(response.headers) },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => stream.sendTrailers(Object.fromEntries(response.trailers)));
      for (const piece of pieces(response)) stream.write(piece);
      stream.end();
    });
  };
  const server = tls ? createSecureNodeServer(authority().issue(['localhost'])) : createNodeServer();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('session', (session) => session.on('error', () => undefined));
  server.on('stream', onStream);
  const port = await listening(server);
  return {
    port,
    heard,
    openStreams: () => open,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function nodeClient(port: number, { tls = false }: Manner): Promise<TestClient> {
  const scheme = tls ? 'https' : 'http';
  const session: ClientHttp2Session = connectNode(`${scheme}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
  });
  session.on('error', () => undefined);
  return Promise.resolve({
    ask: (index, { request, pauses, abandoned }) =>
      new Promise((resolve) => {
        const hasBody = request.body.length > 0 || request.trailers.length > 0;
        const stream = session.request(
          { ':method': 'POST', ':path': `/${index}`, ...Object.fromEntries(request.headers) },
          { endStream: !hasBody, waitForTrailers: hasBody },
        );
        let status = 0;
        let headers: Pair[] = [];
        let trailers: Pair[] = [];
        let bytes = 0;
        let end = 'whole';
        stream.on('response', (all: IncomingHttpHeaders) => {
          status = Number(all[':status']);
          headers = nodePairs(all);
        });
        stream.on('trailers', (all: IncomingHttpHeaders) => (trailers = nodePairs(all)));
        stream.on('wantTrailers', () => stream.sendTrailers(Object.fromEntries(request.trailers)));
        stream.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (!pauses) return;
          stream.pause();
          setImmediate(() => stream.resume());
        });
        stream.on('error', (error: Error) => (end = error.message));
        stream.on('close', () => resolve({ status, headers, bytes, trailers, end }));
        for (const piece of pieces(request)) stream.write(piece);
        if (hasBody) stream.end();
        if (abandoned) setImmediate(() => stream.close(8));
      }),
    stop: () => session.destroy(),
  });
}

/** One request of our client. */
class Asking implements ResponseReceiver {
  readonly #exchange: Exchange;
  readonly #done: (answer: { readonly status: number } & Heard) => void;
  #writer: RequestWriter | undefined;
  #writing: Writing | undefined;
  #reading: Reading | undefined;

  constructor(exchange: Exchange, done: (answer: { readonly status: number } & Heard) => void) {
    this.#exchange = exchange;
    this.#done = done;
  }

  begin(writer: RequestWriter, index: number): void {
    this.#writer = writer;
    const { request } = this.#exchange;
    const end = request.body.length === 0 && request.trailers.length === 0;
    const headers = HeaderList.from(request.headers);
    const path = `/${index}`;
    writer.head({ method: 'POST', authority: 'test', path, scheme: 'http', headers, upgrade: '' }, end);
    if (!end) this.#writing = new Writing(writer, request);
  }

  onReady(): void {
    throw new Error('nobody waits here');
  }

  onInformation(): void {
    // Not asked for.
  }

  onHead(status: number, headers: HeaderList, end: boolean): void {
    const source = this.#exchange.pauses ? this.#writer : undefined;
    this.#reading = new Reading(ownPairs(headers), source, (heard) => this.#done({ status, ...heard }));
    if (end) this.#reading.end([], 'whole');
  }

  onData(chunk: Buffer, end: boolean): void {
    this.#reading?.data(chunk, end);
  }

  onTrailers(trailers: HeaderList): void {
    this.#reading?.end(ownPairs(trailers), 'whole');
  }

  onReset(reason: string): void {
    if (this.#reading === undefined)
      this.#done({ status: 0, headers: [], bytes: 0, trailers: [], end: reason });
    else this.#reading.end([], reason);
  }

  onWritable(): void {
    this.#writing?.goOn();
  }
}

export async function ourClient(port: number, { settings, tls = false }: Manner): Promise<TestClient> {
  const place = { port, host: '127.0.0.1' };
  const socket = tls
    ? connectTls({ ...place, ALPNProtocols: ['h2'], rejectUnauthorized: false })
    : connect({ ...place, allowHalfOpen: true, noDelay: true });
  await new Promise<void>((resolve) => socket.once(tls ? 'secureConnect' : 'connect', resolve));
  const connection = new Http2ClientConnection(socket, codecOptions(settings), {
    onRoom: () => undefined,
    onIdle: () => undefined,
    onGoaway: () => undefined,
    onRetired: () => undefined,
    onClosed: () => undefined,
  });
  return {
    ask: (index, exchange) =>
      new Promise((resolve) => {
        const asking = new Asking(exchange, resolve);
        const writer = connection.start(asking);
        asking.begin(writer, index);
        if (!exchange.abandoned) return;
        setImmediate(() => {
          writer.reset();
          asking.onReset('abandoned');
        });
      }),
    stop: () => connection.abort(),
  };
}
