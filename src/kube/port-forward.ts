/**
 * Connections to ports of pods through the API server, over a WebSocket each: channel 0 carries the data, channel 1
 * what went wrong, and each begins with the number of the port.
 * https://github.com/kubernetes/kubelet/blob/master/pkg/cri/streaming/portforward/websocket.go
 */

import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { KubeClient } from './client.ts';
import { ApiFailure, PodFailure } from './failure.ts';
import { openSocket, podPath } from './pod-socket.ts';

export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

const PROTOCOL = 'v4.channel.k8s.io';
const DATA = 0;
const FAULT = 1;
const PORT_BYTES = 2;

/**
 * Opens a connection to a port of a pod. It ends when the pod's side ends it, and fails with an `ApiFailure` when
 * the pod goes or nothing listens there. Throws an `ApiFailure` when the API server does not open it.
 */
export async function openPort(
  client: KubeClient,
  { namespace, pod, port }: PodPort,
  signal: AbortSignal,
): Promise<Duplex> {
  const path = `${podPath({ namespace, pod }, 'portforward')}?ports=${port}`;
  const stream = await openSocket(client, { path, protocols: [PROTOCOL], signal }, (socket) => {
    const made = new PortStream(socket, port);
    // Whoever uses the stream hears of its errors, too; until then nobody does.
    made.on('error', () => undefined);
    return made;
  });
  if (stream.errored !== null) throw stream.errored;
  return stream;
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
      this.destroy(new PodFailure(`port ${this.#port} of the pod cannot be reached: ${words}`));
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
