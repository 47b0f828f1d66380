/** The controller over HTTP: health, metrics and, for this machine alone, what it holds. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MeshError } from '../base/mesh-error.ts';
import { packageVersion } from '../base/package-version.ts';
import { adsz } from './debug/adsz.ts';
import { configDump } from './debug/config-dump.ts';
import { configz } from './debug/configz.ts';
import { endpointz } from './debug/endpointz.ts';
import { logging } from './debug/logging.ts';
import type { DebugAnswer, DebugContext, DebugPage } from './debug/page.ts';
import { pushStatus } from './debug/push-status.ts';
import { registryz } from './debug/registryz.ts';
import { syncz } from './debug/syncz.ts';

export const DEBUG_PAGES: readonly DebugPage[] = [
  adsz,
  configDump,
  configz,
  endpointz,
  logging,
  pushStatus,
  registryz,
  syncz,
];

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  readonly isReady: () => boolean;
  readonly metrics: () => string;
  readonly debug: DebugContext;
}

export class HttpListener {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Begins to listen. Throws a `MeshError` when the address cannot be had. */
  static async start(options: HttpOptions): Promise<HttpListener> {
    const server = createServer((request, response) => {
      try {
        answer(request, response, options);
      } catch (error) {
        options.debug.log.error('a page cannot be shown', {
          url: request.url,
          reason: (error as Error).message,
        });
        if (!response.headersSent)
          sendJson(response, { status: 500, body: { error: 'the page cannot be shown' } });
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        const address = `${options.host}:${options.port}`;
        reject(
          new MeshError('AddressInUse', `cannot listen on ${address}: ${error.message}`, {
            hint: 'Choose another address with --http-addr.',
          }),
        );
      });
      server.listen(options.port, options.host, resolve);
    });
    return new HttpListener(server);
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

function answer(request: IncomingMessage, response: ServerResponse, options: HttpOptions): void {
  const url = URL.parse(request.url ?? '/', 'http://controller');
  const path = url?.pathname ?? '';
  if (path === '/healthz') {
    sendText(response, 200, 'ok\n');
  } else if (path === '/ready') {
    const isReady = options.isReady();
    sendText(response, isReady ? 200 : 503, isReady ? 'ready\n' : 'the configuration is not loaded yet\n');
  } else if (path === '/metrics') {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    sendText(response, 200, options.metrics());
  } else if (path === '/version') {
    const revision = process.env['REVISION'];
    sendJson(response, { status: 200, body: { version: packageVersion(), ...(revision && { revision }) } });
  } else if (path === '/debug' || path.startsWith('/debug/')) {
    sendJson(response, debugAnswer(request, path.slice('/debug/'.length), url?.searchParams, options));
  } else {
    sendText(response, 404, 'there is no such page; see /debug\n');
  }
}

function debugAnswer(
  request: IncomingMessage,
  name: string,
  query: URLSearchParams | undefined,
  { debug }: HttpOptions,
): DebugAnswer {
  if (!isLocal(request)) {
    return {
      status: 403,
      body: { error: 'debug pages answer only to the machine that the controller runs on' },
    };
  }
  if (name === '') {
    return {
      status: 200,
      body: DEBUG_PAGES.map((page) => ({ path: `/debug/${page.name}`, shows: page.summary })),
    };
  }
  const page = DEBUG_PAGES.find((one) => one.name === name);
  if (page === undefined) return { status: 404, body: { error: `there is no page ${name}; see /debug` } };
  const method = page.method ?? 'GET';
  if (request.method !== method) return { status: 405, body: { error: `the page takes ${method}` } };
  return page.show(debug, query ?? new URLSearchParams());
}

/** From this machine, and not by a page of the web whose name was made to lead here. */
function isLocal(request: IncomingMessage): boolean {
  const address = request.socket.remoteAddress ?? '';
  const isLoopback = /^(?:::ffff:)?127\./.test(address) || address === '::1';
  const name = (request.headers.host ?? '').replace(/:\d+$/, '');
  const isNamedSo = name === 'localhost' || name === '[::1]' || /^127(?:\.\d+){3}$/.test(name);
  // Pages of the web that send something here say where they are from.
  return isLoopback && isNamedSo && request.headers.origin === undefined;
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.end(text);
}

function sendJson(response: ServerResponse, { status, body }: DebugAnswer): void {
  response.setHeader('content-type', 'application/json');
  const text = JSON.stringify(
    body,
    (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
    2,
  );
  sendText(response, status, `${text}\n`);
}
