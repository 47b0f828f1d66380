/**
 * Backends that say where they were reached and what arrived: HTTP/1.1, HTTP/2 and gRPC in plain text, TLS, and TCP.
 * A path may carry instructions: `?status=503`, `?delay=200` (milliseconds), `?fails=2&key=K` (the first two of K),
 * `?failsAt=IP`, `?header=name:value`, `?held=yes` (until `holdAnswers(false)`).
 */

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { BACKEND_PORTS, type Echo } from './courier-messages.ts';
import { forwardProxy } from './forward-proxy.ts';

const seen: Echo[] = [];

/** Where the connection came to and from. */
function ends(socket: Socket | TLSSocket): Pick<Echo, 'ip' | 'port' | 'from' | 'fromPort'> {
  return {
    ip: paths.get(socket) ?? plain(socket.localAddress),
    port: socket.localPort ?? 0,
    from: plain(socket.remoteAddress),
    fromPort: socket.remotePort ?? 0,
  };
}

/** Of connections to a Unix domain socket: its path. */
const paths = new WeakMap<object, string>();

/** How often a connection of HTTP/2 was asked whether anybody is there. */
const pings = new WeakMap<object, number>();

const failures = new Map<string, number>();

/** Answers to `?held=yes`. */
const held: (() => void)[] = [];
let isHolding = true;

/** Whether such answers are held from now on; those that are held already go when they are not. */
export function holdAnswers(hold: boolean): void {
  isHolding = hold;
  if (!hold) for (const send of held.splice(0)) send();
}

/** What reached any backend since the last time, which is then forgotten. */
export function takeSeen(): readonly Echo[] {
  failures.clear();
  return seen.splice(0);
}

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

function plain(address: string | undefined): string {
  return (address ?? '').replace('::ffff:', '');
}

function echoOf(request: Request, body: string): Echo {
  const { socket } = request;
  const session = 'stream' in request ? request.stream.session : undefined;
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers[name] = value;
  return {
    ...ends(socket),
    method: request.method ?? '',
    path: request.url ?? '',
    version: request.httpVersion,
    headers: { host: headers[':authority'] ?? '', ...headers },
    names: request.rawHeaders.filter((_, index) => index % 2 === 0),
    body,
    at: Date.now(),
    ...(session === undefined ? {} : { pings: pings.get(session) ?? 0 }),
    ...(socket instanceof TLSSocket
      ? {
          serverName: String((socket as TLSSocket & { servername?: unknown }).servername || ''),
          client: String(socket.getPeerCertificate().subject?.CN ?? ''),
          cipher: socket.getCipher().name,
        }
      : {}),
  };
}

function statusFor(url: URL, ip: string): number {
  const parameters = url.searchParams;
  const fails = Number(parameters.get('fails') ?? 0);
  const key = parameters.get('key') ?? url.pathname;
  const before = failures.get(key) ?? 0;
  failures.set(key, before + 1);
  if (before < fails || parameters.get('failsAt') === ip) return 503;
  return Number(parameters.get('status') ?? 200);
}

function answer(request: Request, response: Response): void {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('error', () => undefined);
  request.on('end', () => {
    const echo = echoOf(request, Buffer.concat(parts).toString('latin1'));
    seen.push(echo);
    const url = new URL(echo.path, 'http://backend');
    const status = statusFor(url, echo.ip);
    const send = (): void => {
      const text = JSON.stringify(echo);
      if (String(request.headers['content-type']).startsWith('application/grpc')) {
        // A gRPC answer has its status after the message.
        response.setHeader('content-type', 'application/grpc');
        response.addTrailers({ 'grpc-status': status === 200 ? '0' : '14' });
        response.end(text);
        return;
      }
      response.statusCode = status;
      response.setHeader('content-type', 'application/json');
      for (const one of url.searchParams.getAll('header')) {
        const [name = '', ...value] = one.split(':');
        response.setHeader(name, value.join(':'));
      }
      response.end(text);
    };
    const delay = Number(url.searchParams.get('delay') ?? 0);
    if (isHolding && url.searchParams.has('held')) held.push(send);
    else if (delay > 0) setTimeout(send, delay);
    else send();
  });
}

/** Repeats what it is sent, after a line that says where it was reached. */
function echoBytes(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.once('data', (first) => {
    socket.write(`reached ${plain(socket.localAddress)} from ${plain(socket.remoteAddress)}\n`);
    socket.write(first);
    socket.pipe(socket);
  });
}

/** Speaks first, as mail servers do. */
function greet(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.write(`reached ${plain(socket.localAddress)} from ${plain(socket.remoteAddress)}\n`);
  socket.pipe(socket);
}

/**
 * Begins to listen at all addresses. Over TLS too where there is a certificate; clients may show one of theirs. `more`
 * are further places for HTTP, as 10.0.0.1:80, also where a proxy listens at all addresses, or unix:///PATH.
 */
export async function startBackends(
  tls: { cert: string; key: string } | undefined,
  more: readonly string[],
): Promise<void> {
  const listen = (server: Server, port: number): Promise<void> =>
    new Promise((resolve) => server.listen(port, '0.0.0.0', resolve));
  const http = createServer(answer).on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    socket.pipe(socket);
  });
  await listen(http, BACKEND_PORTS.http);
  const http2 = createHttp2Server(answer).on('session', (session: ServerHttp2Session) => {
    session.on('ping', () => pings.set(session, (pings.get(session) ?? 0) + 1));
  });
  await listen(http2, BACKEND_PORTS.http2);
  await listen(
    forwardProxy((request) => seen.push(echoOf(request, ''))),
    BACKEND_PORTS.forward,
  );
  await listen(createTcpServer(echoBytes), BACKEND_PORTS.tcp);
  await listen(createTcpServer(greet), BACKEND_PORTS.greeting);
  for (const place of more) {
    if (place.startsWith('unix://')) {
      const path = place.slice('unix://'.length);
      const server = createServer(answer).on('connection', (socket: Socket) => paths.set(socket, path));
      await new Promise<void>((resolve) => server.listen(path, resolve));
      continue;
    }
    const [host = '', port] = place.split(':');
    const server = createServer(answer);
    await new Promise<void>((resolve) =>
      server.listen({ host, port: Number(port), reusePort: true }, () => resolve()),
    );
  }
  if (tls === undefined) return;
  const options = {
    cert: readFileSync(tls.cert),
    key: readFileSync(tls.key),
    requestCert: true,
    // Whatever a client offers, HTTP/1.1 is spoken.
    ALPNCallback: ({ protocols }: { protocols: string[] }) =>
      protocols.includes('http/1.1') ? 'http/1.1' : protocols[0],
  };
  await listen(createHttpsServer({ ...options, rejectUnauthorized: false }, answer), BACKEND_PORTS.tls);
  const older = { ...options, rejectUnauthorized: false, maxVersion: 'TLSv1.2', ecdhCurve: 'P-384' } as const;
  await listen(createHttpsServer(older, answer), BACKEND_PORTS.olderTls);
}
