/** Endpoints behind one proxy: they answer as the request asks them to, and keep what they have seen. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { type AddressInfo, type Server, createServer as createTcpServer } from 'node:net';
import type { Socket } from 'node:net';
import { freePort } from '../../peers/free-ports.ts';
import { rawBackend } from './raw-backend.ts';

/** One request as an endpoint saw it. */
export interface Seen {
  readonly backend: string;
  readonly method: string;
  readonly url: string;
  /** Names in lower case, sorted; values of one name in their order, with ` & ` between. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Its end came. */
  readonly whole: boolean;
  readonly trailers: Readonly<Record<string, string>>;
}

/** Those that speak HTTP/1.1. */
const HTTP1 = ['b1', 'b2', 'b3'] as const;

export type BackendName = (typeof HTTP1)[number] | 'h2' | 'tcp' | 'raw' | 'dead';

/** In the request header `x-do`, separated by semicolons. */
interface Orders {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly trailers: readonly (readonly [string, string])[];
  readonly body: string | undefined;
  readonly delay: number;
  /** Milliseconds between the body's first byte and its others. */
  readonly restDelay: number;
  /** What follows is only done for so many tries of the request. */
  readonly times: number;
  readonly reset: 'no' | 'at once' | 'after the headers';
  readonly chunked: boolean;
  readonly close: boolean;
}

function ordersOf(text: string): Orders {
  const orders = {
    status: 200,
    headers: [] as [string, string][],
    trailers: [] as [string, string][],
    body: undefined as string | undefined,
    delay: 0,
    restDelay: 0,
    times: Infinity,
    reset: 'no' as Orders['reset'],
    chunked: false,
    close: false,
  };
  for (const order of text.split(';').filter((one) => one !== '')) {
    const equals = order.indexOf('=');
    const name = equals < 0 ? order : order.slice(0, equals);
    const value = equals < 0 ? '' : order.slice(equals + 1);
    const colon = value.indexOf(':');
    const pair: [string, string] = [value.slice(0, colon), value.slice(colon + 1)];
    if (name === 'status') orders.status = Number(value);
    else if (name === 'header') orders.headers.push(pair);
    else if (name === 'trailer') orders.trailers.push(pair);
    else if (name === 'body') orders.body = value;
    else if (name === 'hex') orders.body = Buffer.from(value, 'hex').toString('latin1');
    else if (name === 'size') orders.body = 'x'.repeat(Number(value));
    else if (name === 'delay') orders.delay = Number(value);
    else if (name === 'rest-delay') orders.restDelay = Number(value);
    else if (name === 'times') orders.times = Number(value);
    else if (name === 'reset') orders.reset = 'at once';
    else if (name === 'cut') orders.reset = 'after the headers';
    else if (name === 'chunked') orders.chunked = true;
    else if (name === 'close') orders.close = true;
    else throw new Error(`no such order: ${order}`);
  }
  return orders;
}

function record(rawHeaders: readonly string[]): Record<string, string> {
  const all = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    all.set(name, [...(all.get(name) ?? []), rawHeaders[index + 1] ?? '']);
  }
  return Object.fromEntries(
    [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, values]) => [name, values.join(' & ')]),
  );
}

type AnyRequest = IncomingMessage | Http2ServerRequest;
type AnyResponse = ServerResponse | Http2ServerResponse;

export class Backends {
  readonly seen: Seen[] = [];
  readonly ports: Record<BackendName, number> = { b1: 0, b2: 0, b3: 0, h2: 0, tcp: 0, raw: 0, dead: 0 };
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #tries = new Map<string, number>();

  static async start(): Promise<Backends> {
    const backends = new Backends();
    for (const name of HTTP1) {
      const server = createServer(
        // None is closed just as a proxy takes it for a request.
        { keepAliveTimeout: 0 },
        (request, response) => void backends.#answer(name, request, response),
      );
      server.on('upgrade', (request: IncomingMessage, socket: Socket) =>
        backends.#upgrade(name, request, socket),
      );
      server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
        response.writeContinue();
        void backends.#answer(name, request, response);
      });
      backends.ports[name] = await backends.#listen(server);
    }
    const http2 = createHttp2Server((request, response) => void backends.#answer('h2', request, response));
    backends.ports.h2 = await backends.#listen(http2);
    backends.ports.tcp = await backends.#listen(
      createTcpServer({ allowHalfOpen: true }, (socket) => {
        socket.on('data', (chunk: Buffer) => socket.write(`<${chunk.toString('latin1')}>`, 'latin1'));
        socket.on('end', () => socket.end('bye'));
        socket.on('error', () => undefined);
      }),
    );
    backends.ports.raw = await backends.#listen(rawBackend());
    // Nobody listens there, nor will: the system gives such ports to nobody who asks for any.
    backends.ports.dead = await freePort();
    return backends;
  }

  /** What was seen since the last call. */
  take(): Seen[] {
    return this.seen.splice(0);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  async #listen(server: Server): Promise<number> {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    if (server.listening) this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  async #answer(name: string, request: AnyRequest, response: AnyResponse): Promise<void> {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    let whole = true;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      whole = false;
      // The proxy gave the request up; it was seen nonetheless.
    }
    const headers = record(request.rawHeaders);
    const body = Buffer.concat(chunks).toString('latin1');
    this.seen.push({
      backend: name,
      method: request.method ?? '',
      url: request.url ?? '',
      headers,
      // How much of a request that breaks off has come is a matter of luck.
      body: !whole ? '' : body.length > 200 ? `${body.length} characters` : body,
      whole,
      trailers: record(request.rawTrailers),
    });
    const asked = ordersOf(headers['x-do'] ?? '');
    const key = headers['x-case'] ?? '';
    const tries = (this.#tries.get(key) ?? 0) + 1;
    this.#tries.set(key, tries);
    const orders = tries > asked.times ? ordersOf('') : asked;
    if (orders.delay > 0) await new Promise((resolve) => setTimeout(resolve, orders.delay).unref());
    if (orders.reset === 'at once') {
      reset(request);
      return;
    }
    const text = orders.body ?? `${name} ${request.method} ${request.url}`;
    if (response.destroyed || response.writableEnded) return;
    write(request, response, orders, name, text);
  }

  #upgrade(name: string, request: IncomingMessage, socket: Socket): void {
    this.seen.push({
      backend: name,
      method: request.method ?? '',
      url: request.url ?? '',
      headers: record(request.rawHeaders),
      body: '',
      whole: true,
      trailers: {},
    });
    if (request.headers['x-do'] === 'refuse') {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno');
      return;
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: ${request.headers.upgrade}\r\nconnection: upgrade\r\n\r\n`,
    );
    socket.on('data', (chunk: Buffer) => socket.write(`<${chunk.toString('latin1')}>`, 'latin1'));
    socket.on('end', () => socket.end('bye'));
  }
}

function reset(request: AnyRequest): void {
  if ('stream' in request) request.stream.close(8);
  else request.socket.destroy();
}

function write(request: AnyRequest, response: AnyResponse, orders: Orders, name: string, text: string): void {
  // As one kind: both have these methods, with types that do not meet.
  const answer = response as ServerResponse;
  const all: string[] = ['x-backend', name, ...orders.headers.flat()];
  const hasBody = request.method !== 'HEAD' && orders.status !== 204 && orders.status !== 304;
  const isChunked = orders.chunked || orders.trailers.length > 0;
  if (!isChunked && orders.status !== 204 && orders.status !== 304)
    all.push('content-length', String(text.length));
  if (orders.close && !('stream' in request)) all.push('connection', 'close');
  for (let index = 0; index + 1 < all.length; index += 2)
    answer.appendHeader(all[index] ?? '', all[index + 1] ?? '');
  answer.writeHead(orders.status);
  if (orders.reset === 'after the headers') {
    // The headers have to be on their way before the connection goes.
    answer.write(text.slice(0, 1), () => reset(request));
    return;
  }
  if (orders.trailers.length > 0) answer.addTrailers(Object.fromEntries(orders.trailers));
  if (hasBody && orders.restDelay > 0) {
    answer.write(text.slice(0, 1), 'latin1');
    setTimeout(() => answer.end(text.slice(1), 'latin1'), orders.restDelay).unref();
  } else if (hasBody) answer.end(Buffer.from(text, 'latin1'));
  else answer.end();
}
