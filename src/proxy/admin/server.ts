/** The administration interface: Envoy's paths over HTTP/1.1, on the address of the bootstrap. */

import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { MeshError } from '../../base/mesh-error.ts';
import { type Place, placeText } from '../address.ts';
import type { Logger } from '../process-log.ts';
import { type AdminPage, type AdminRequest, type AdminResponse, type AdminView, text } from './page.ts';
import { PAGES } from './pages.ts';
import { helpText } from './pages/help.ts';

const TYPES = {
  text: 'text/plain; charset=UTF-8',
  json: 'application/json',
  html: 'text/html; charset=UTF-8',
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
} as const;

/** Connections at once; those who ask are few. */
const MAX_CONNECTIONS = 256;

export class AdminServer {
  readonly #server: Server;
  readonly #view: AdminView;
  readonly #log: Logger;

  constructor(view: AdminView, log: Logger) {
    this.#view = view;
    this.#log = log;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.maxConnections = MAX_CONNECTIONS;
    // Nothing that is sent to this interface is read.
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Where it listens. Throws a `MeshError` when it cannot. */
  async listen(place: Place): Promise<Place> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) =>
        reject(
          new MeshError('AddressInUse', `cannot listen on ${placeText(place)}: ${error.message}`, {
            hint: 'The address stands in admin.address of the bootstrap.',
            cause: error,
          }),
        ),
      );
      const where = place.kind === 'pipe' ? { path: place.path } : { host: place.ip, port: place.port };
      this.#server.listen(where, resolve);
    });
    const address = this.#server.address();
    if (typeof address === 'string' || address === null || place.kind === 'pipe') return place;
    return { kind: 'ip', ip: place.ip, port: address.port };
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const { status, type = 'text', body } = await this.#respond(request);
    response.writeHead(status, {
      'content-type': TYPES[type],
      'cache-control': 'no-cache, max-age=0',
      'x-content-type-options': 'nosniff',
      server: 'envoy',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  async #respond({ url = '/', method = 'GET' }: IncomingMessage): Promise<AdminResponse> {
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
    const request: AdminRequest = { method, path, query };
    const page = pageOf(path);
    if (page === undefined) return text(`invalid path. ${helpText(PAGES)}`, 404);
    if (page.mutates === true && method !== 'POST') {
      this.#log.error(`admin path "${page.path}" mutates state, method=${method} rather than POST`);
      return text(`Method ${method} not allowed, POST required.`, 405);
    }
    try {
      return await page.respond(request, this.#view);
    } catch (error) {
      if (error instanceof SyntaxError) return text(`Invalid re2 regex: ${error.message}`, 400);
      this.#log.error(`admin path "${page.path}" failed: ${(error as Error).message}`);
      return text('the page cannot be made; the log says why\n', 500);
    }
  }
}

function pageOf(path: string): AdminPage | undefined {
  const known = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  return PAGES.find((page) => page.path === known);
}
