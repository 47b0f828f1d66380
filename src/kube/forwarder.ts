/** A port of this machine that leads to a port of a pod, for as long as it is wanted. */

import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { MeshError } from '../base/mesh-error.ts';
import type { KubeClient } from './client.ts';
import { ApiFailure } from './failure.ts';
import { openPort, type PodPort } from './port-forward.ts';

export interface ForwarderOptions {
  /** Addresses of this machine; the second and later ones may be missing on it. */
  readonly addresses: readonly string[];
  /** 0 for any free one. */
  readonly port: number;
  /** Take any free port when that one is taken. */
  readonly orAnyPort: boolean;
  /** Called when a connection cannot be made, or breaks off. */
  failed(failure: ApiFailure): void;
}

export class Forwarder {
  /** Where connections go now; another pod may take its place. */
  target: PodPort;
  readonly #client: KubeClient;
  readonly #options: ForwarderOptions;
  readonly #servers: Server[] = [];
  readonly #streams = new Set<Socket | Duplex>();
  readonly #stopping = new AbortController();

  private constructor(client: KubeClient, target: PodPort, options: ForwarderOptions) {
    this.#client = client;
    this.target = target;
    this.#options = options;
  }

  /** Begins to listen. Throws a `MeshError` when the port cannot be had. */
  static async start(client: KubeClient, target: PodPort, options: ForwarderOptions): Promise<Forwarder> {
    const forwarder = new Forwarder(client, target, options);
    try {
      await forwarder.#listen();
    } catch (error) {
      forwarder.stop();
      throw error;
    }
    return forwarder;
  }

  get port(): number {
    const address = this.#servers[0]?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Ends all connections and frees the port. */
  stop(): void {
    this.#stopping.abort();
    for (const server of this.#servers) server.close();
    for (const stream of this.#streams) stream.destroy();
  }

  async #listen(): Promise<void> {
    const [first = '127.0.0.1', ...others] = this.#options.addresses;
    const { port, orAnyPort } = this.#options;
    try {
      await this.#listenOn(first, port);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const isTaken = code === 'EADDRINUSE' || code === 'EACCES';
      if (!isTaken || !orAnyPort) throw cannotListen(first, port, error);
      await this.#listenOn(first, 0);
    }
    for (const address of others) {
      // There may be no IPv6 here, or somebody else has the port there.
      await this.#listenOn(address, this.port).catch(() => undefined);
    }
  }

  async #listenOn(address: string, port: number): Promise<void> {
    const server = createServer((socket) => void this.#connect(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, address, resolve);
    });
    server.on('error', () => undefined);
    this.#servers.push(server);
  }

  async #connect(socket: Socket): Promise<void> {
    this.#track(socket);
    socket.on('error', () => undefined);
    try {
      const stream = await openPort(this.#client, this.target, this.#stopping.signal);
      this.#track(stream);
      stream.on('error', (error) => {
        socket.destroy();
        if (error instanceof ApiFailure) this.#options.failed(error);
      });
      stream.on('close', () => socket.end());
      socket.on('close', () => stream.destroy());
      if (socket.destroyed) stream.destroy();
      socket.pipe(stream);
      stream.pipe(socket);
    } catch (error) {
      socket.destroy();
      if (error instanceof ApiFailure) this.#options.failed(error);
      else if (!this.#stopping.signal.aborted) throw error;
    }
  }

  #track(stream: Socket | Duplex): void {
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
  }
}

function cannotListen(address: string, port: number, cause: unknown): MeshError {
  return new MeshError('AddressInUse', `cannot listen on ${address}:${port}: ${(cause as Error).message}`, {
    hint: 'Choose another with --port or --address; --port=0 takes any free one.',
    cause,
  });
}
