/** WebSockets to what a pod offers through the API server: its ports, and commands inside it. */

import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { WebSocket } from 'ws';
import type { KubeClient } from './client.ts';
import { ApiFailure, failureOf } from './failure.ts';

export interface SocketSettings {
  readonly path: string;
  /** Those that we speak, the one that we like best first; the server chooses. */
  readonly protocols: readonly string[];
  readonly signal: AbortSignal;
}

/** Bytes that one message may have, and one refusal. */
const MAX_MESSAGE = 64 * 1024 * 1024;
const MAX_REFUSAL = 64 * 1024;

/** Milliseconds until the API server must have opened the connection. */
const OPEN_WITHIN = 15_000;

/** The path of a subresource of a pod. */
export function podPath(
  pod: { readonly namespace: string; readonly pod: string },
  subresource: string,
): string {
  return `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.pod)}/${subresource}`;
}

/**
 * Opens a WebSocket, and returns what `attach` makes of it: that gets it before it is open, since the first bytes may
 * come with the answer that opens it. Throws an `ApiFailure` when the API server does not open it.
 */
export async function openSocket<Attached>(
  client: KubeClient,
  { path, protocols, signal }: SocketSettings,
  attach: (socket: WebSocket) => Attached,
): Promise<Attached> {
  const options: RequestOptions = { headers: {} };
  await client.access.apply(options);
  signal.throwIfAborted();
  const socket = new WebSocket(client.url(path).replace(/^http/, 'ws'), [...protocols], {
    ...options,
    handshakeTimeout: OPEN_WITHIN,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE,
    followRedirects: false,
  });
  socket.binaryType = 'nodebuffer';
  const attached = attach(socket);
  await opened(socket, signal);
  return attached;
}

function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      socket.terminate();
      reject(signal.reason as Error);
    };
    const settle = (then: () => void): void => {
      signal.removeEventListener('abort', abort);
      then();
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('open', () => {
      settle(resolve);
    });
    socket.once('unexpected-response', (request, response) => {
      void refusalOf(response).then((failure) => {
        request.destroy();
        settle(() => reject(failure));
      });
    });
    socket.once('error', (error) => {
      settle(() => reject(new ApiFailure(undefined, error.message, { cause: error })));
    });
  });
}

async function refusalOf(response: IncomingMessage): Promise<ApiFailure> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > MAX_REFUSAL) break;
      parts.push(part);
    }
  } catch {
    // What has been read says enough.
  }
  const text = Buffer.concat(parts).toString('utf8').trim();
  let body: unknown = { message: text.slice(0, 500) };
  try {
    body = JSON.parse(text);
  } catch {
    // Those who stand between answer in their own words.
  }
  return failureOf(response.statusCode, body);
}
