/** Requests over HTTP to a port of a pod, through the API server. */

import { type IncomingMessage, request } from 'node:http';
import type { KubeClient } from './client.ts';
import { ApiFailure, PodFailure } from './failure.ts';
import { openPort, type PodPort } from './port-forward.ts';

export interface PodRequest {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly signal: AbortSignal;
  /** JSON to send. */
  readonly body?: unknown;
  /** Bytes that the answer may have. */
  readonly maxBytes?: number;
}

export interface PodAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** Bytes of an answer unless said otherwise: beyond the dumps of the largest gateways. */
const MAX_ANSWER = 512 * 1024 * 1024;

/** The answer, whatever its status. Throws an `ApiFailure` when the pod cannot be reached or answers no HTTP. */
export async function askPod(client: KubeClient, port: PodPort, asked: PodRequest): Promise<PodAnswer> {
  const { method = 'GET', path, signal, body, maxBytes = MAX_ANSWER } = asked;
  const stream = await openPort(client, port, signal);
  const text = body === undefined ? undefined : JSON.stringify(body);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = request(
        {
          method,
          path,
          host: 'localhost',
          port: port.port,
          signal,
          createConnection: () => stream as never,
          headers: {
            connection: 'close',
            ...(text !== undefined && {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(text),
            }),
          },
        },
        resolve,
      );
      call.on('error', reject);
      call.end(text);
    });
    return { status: response.statusCode ?? 0, body: await readAll(response, maxBytes) };
  } catch (error) {
    if (error instanceof ApiFailure) throw error;
    signal.throwIfAborted();
    throw new PodFailure(`port ${port.port} does not answer: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    stream.destroy();
  }
}

async function readAll(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBytes) throw new PodFailure(`the answer has more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
