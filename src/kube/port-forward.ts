/**
 * Connections to ports of pods through the API server, over a WebSocket each: channel 0 carries the data, channel 1
 * what went wrong, and each begins with the number of the port.
 * https://github.com/kubernetes/kubelet/blob/master/pkg/cri/streaming/portforward/websocket.go
 */

import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { KubeClient } from './client.ts';
import { ApiFailure, failureOf } from './failure.ts';

export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

const PROTOCOL = 'v4.channel.k8s.io';
const DATA = 0;
const FAULT = 1;
const PORT_BYTES = 2;

/** Bytes that one message may have, and one refusal. */
const MAX_MESSAGE = 64 * 1024 * 1024;
const MAX_REFUSAL = 64 * 1024;

/** Milliseconds until the API server must have opened the connection. */
const OPEN_WITHIN = 15_000;

/**
 * Opens a connection to a port of a pod. It ends when the pod's side ends it, and fails with an `ApiFailure` when
 * the pod goes or nothing listens there. Throws an `ApiFailure` when the API server does not open it.
 */
export async function openPort(
  client: KubeClient,
  { namespace, pod, port }: PodPort,
  signal: AbortSignal,
): Promise<Duplex> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward`;
  const options: RequestOptions = { headers: {} };
  await client.access.apply(options);
  signal.throwIfAborted();
  const url = client.url(`${path}?ports=${port}`).replace(/^http/, 'ws');
  const socket = new WebSocket(url, PROTOCOL, {
    ...options,
    handshakeTimeout: OPEN_WITHIN,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE,
    followRedirects: false,
  });
  socket.binaryType = 'nodebuffer';
  // Before it is open: the first bytes may come with the answer that opens it.
  const stream = new PortStream(socket, port);
  // Whoever uses the stream hears of its errors, too; until then nobody does.
  stream.on('error', () => undefined);
  await opened(socket, signal);
  if (stream.errored !== null) throw stream.errored;
  return stream;
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

class PortStream extends Duplex {
  readonly #socket: WebSocket;
  readonly #port: number;
  /** Bytes of the port's number that each channel still owes. */
  readonly #owed = new Map([
    [DATA, PORT_BYTES],
    [FAULT, PORT_BYTES],
  ]);

  constructor(socket: WebSocket, port: number) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (message) => {
      this.#received(message as Buffer);
    });
    socket.on('close', () => {
      this.push(null);
      this.end();
    });
    socket.on('error', (error) => {
      this.destroy(new ApiFailure(undefined, error.message, { cause: error }));
    });
  }

  #received(message: Buffer): void {
    const channel = message[0] ?? DATA;
    const owed = this.#owed.get(channel) ?? 0;
    const body = message.subarray(1);
    const taken = Math.min(owed, body.length);
    this.#owed.set(channel, owed - taken);
    const rest = body.subarray(taken);
    if (rest.length === 0) return;
    if (channel === DATA) {
      if (!this.push(rest)) this.#socket.pause();
    } else {
      const words = rest.toString('utf8').trim().slice(0, 500);
      this.destroy(new ApiFailure(undefined, `port ${this.#port} of the pod cannot be reached: ${words}`));
    }
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const frame = Buffer.allocUnsafe(chunk.length + 1);
    frame[0] = DATA;
    chunk.copy(frame, 1);
    this.#socket.send(frame, { binary: true }, (error) => done(error ?? null));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.close();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.terminate();
    done(error);
  }
}
