/** HTTPS for webhooks: requests of bounded size and time in, answers of handlers out. */

import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MeshError } from '../../base/mesh-error.ts';
import type { Log } from '../../base/log.ts';
import type { KeyPair } from './certificate.ts';

/** A text with its status. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly isJson?: boolean;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  /** Answers what was sent to a path. What it throws becomes a 500 that says nothing. */
  readonly answer: (path: string, body: string) => Promise<Reply>;
  readonly log: Log;
}

/** The API server takes objects of 3 MiB, and sends the old one along with the new one. */
export const MAX_BODY = 7 * 1024 * 1024;
/** Of all requests that are being read at once. */
const MAX_BYTES = 8 * MAX_BODY;
const MAX_CONNECTIONS = 1000;
/** The API server waits for 10 seconds unless a webhook says otherwise, and never more than 30. */
const TIMES = { headersTimeout: 5000, requestTimeout: 10_000, keepAliveTimeout: 60_000 } as const;

export class WebhookListener {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Begins to listen; nobody can connect before `use`. Throws a `MeshError` when the address cannot be had. */
  static async start(options: ListenerOptions): Promise<WebhookListener> {
    const { host, port, log } = options;
    const reading = { bytes: 0 };
    const server = createServer(
      { ...TIMES, connectionsCheckingInterval: 1000, handshakeTimeout: 5000, minVersion: 'TLSv1.2' },
      (request, response) => {
        reply(request, options, reading)
          .catch((error: unknown): Reply => {
            log.error('a webhook could not answer', { reason: (error as Error).message });
            return { status: 500, body: 'the webhook could not answer\n' };
          })
          .then((answer) => send(response, answer));
      },
    );
    server.maxConnections = MAX_CONNECTIONS;
    server.on('tlsClientError', (error) => log.debug('a client of the webhooks', { reason: error.message }));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(
          new MeshError('AddressInUse', `cannot listen on ${host}:${port}: ${error.message}`, {
            hint: 'Choose another address with --https-addr.',
          }),
        ),
      );
      server.listen(port, host, resolve);
    });
    return new WebhookListener(server);
  }

  /** Shows this certificate to those who connect from now on. Throws what OpenSSL says of a pair that is none. */
  use({ certificate, key }: KeyPair): void {
    this.#server.setSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' });
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

async function reply(
  request: IncomingMessage,
  { answer }: ListenerOptions,
  reading: { bytes: number },
): Promise<Reply> {
  const path = URL.parse(request.url ?? '', 'https://webhooks')?.pathname ?? '';
  if (request.method !== 'POST') return { status: 405, body: 'webhooks take POST\n' };
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    return { status: 415, body: 'webhooks take application/json\n' };
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      size += part.length;
      reading.bytes += part.length;
      if (size > MAX_BODY) return { status: 413, body: `the body has more than ${MAX_BODY} bytes\n` };
      if (reading.bytes > MAX_BYTES) return { status: 503, body: 'too many requests at once\n' };
      parts.push(part);
    }
    return await answer(path, Buffer.concat(parts).toString('utf8'));
  } finally {
    reading.bytes -= size;
  }
}

function send(response: ServerResponse, { status, body, isJson = false }: Reply): void {
  if (response.destroyed) return;
  // What was not read to its end cannot be followed by another request.
  if (!response.req.complete) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': isJson ? 'application/json' : 'text/plain' });
  response.end(body);
}
