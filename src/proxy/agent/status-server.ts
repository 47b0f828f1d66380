/** What the agent answers on port 15020: readiness, merged metrics, the application's probes, and orders to end. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../../base/log.ts';
import { MeshError } from '../../base/mesh-error.ts';
import { probe, type Headers, type Prober } from './app-probes.ts';
import type { Readiness } from './engine.ts';
import { TEXT_FORMAT, type MergedMetrics } from './merged-metrics.ts';

export interface StatusOptions {
  /** All addresses of the workload's family: the kubelet and Prometheus come from elsewhere. */
  readonly host: string;
  readonly port: number;
  /** Where the application listens. */
  readonly appHost: string;
  readonly readiness: () => Promise<Readiness>;
  readonly metrics: MergedMetrics;
  readonly probers: ReadonlyMap<string, Prober>;
  readonly drain: () => Promise<void>;
  readonly quit: () => void;
  readonly log: Log;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly contentType?: string;
}

export class StatusServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Begins to listen. Throws a `MeshError` when the port cannot be had. */
  static async start(options: StatusOptions): Promise<StatusServer> {
    let wasReady = false;
    const readiness = async (): Promise<Answer> => {
      const state = await options.readiness();
      if (state.isReady !== wasReady) {
        wasReady = state.isReady;
        if (state.isReady) options.log.info('the proxy is ready');
        else options.log.warn('the proxy is no longer ready', { reason: state.reason });
      }
      return state.isReady ? { status: 200, text: 'ready\n' } : { status: 503, text: `${state.reason}\n` };
    };
    const server = createServer((request, response) => {
      void answer(request, options, readiness).then(
        (one) => send(response, one),
        (error: Error) => {
          options.log.error('a request cannot be answered', { url: request.url, reason: error.message });
          send(response, { status: 500, text: 'the request cannot be answered\n' });
        },
      );
      request.resume();
    });
    server.requestTimeout = 10_000;
    server.maxConnections = 1_000;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        reject(
          new MeshError('AddressInUse', `cannot listen on port ${options.port}: ${error.message}`, {
            hint: 'Choose another with statusPort of PROXY_CONFIG.',
          }),
        );
      });
      server.listen(options.port, options.host, resolve);
    });
    return new StatusServer(server);
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

async function answer(
  request: IncomingMessage,
  options: StatusOptions,
  readiness: () => Promise<Answer>,
): Promise<Answer> {
  const url = URL.parse(request.url ?? '/', 'http://agent');
  const path = url?.pathname ?? '';
  const prober = options.probers.get(path);
  if (prober !== undefined) return probe(prober, options.appHost, request.headers as Headers);
  switch (path) {
    case '/healthz/ready':
      return readiness();
    case '/stats/prometheus': {
      const query = url?.search.slice(1) ?? '';
      const text = await options.metrics.page({ query, headers: request.headers as Headers });
      return { status: 200, text, contentType: TEXT_FORMAT };
    }
    case '/drain':
      return order(request, () => options.drain());
    case '/quitquitquit':
      return order(request, async () => options.quit());
    default:
      return { status: 404, text: 'there is no such page\n' };
  }
}

/** Orders are taken from this machine alone, as POST, and from no page of the web, which would say where it is from. */
async function order(request: IncomingMessage, run: () => Promise<void>): Promise<Answer> {
  const from = request.socket.remoteAddress ?? '';
  const isLocal = /^(?:::ffff:)?127\./.test(from) || from === '::1';
  if (!isLocal || request.headers.origin !== undefined) {
    return { status: 403, text: 'only this machine may ask for that\n' };
  }
  if (request.method !== 'POST') return { status: 405, text: 'the page takes POST\n' };
  await run();
  return { status: 200, text: 'OK\n' };
}

function send(response: ServerResponse, { status, text, contentType = 'text/plain' }: Answer): void {
  response.writeHead(status, { 'content-type': contentType });
  response.end(text);
}
