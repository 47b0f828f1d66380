/**
 * Listening sockets that take many connections at once. An event loop takes one connection a round from each
 * socket that listens; when thousands of proxies come back together, those that wait too long give up and come
 * again. So several sockets share one port, as far as the operating system can do that.
 */

import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { MeshError } from '../../base/mesh-error.ts';
import { listenForOwner, prepareSocket } from './local-socket.ts';

/** Where to listen: port 0 takes any; `path` is that of a Unix domain socket, which only this user can open. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** Sockets that share a port. */
const SOCKETS = 16;

/** Connections that may wait to be taken at each socket. */
const BACKLOG = 4096;

export class Listeners {
  /** 0 for a Unix domain socket. */
  readonly port: number;
  readonly #servers: readonly Server[];

  private constructor(servers: readonly Server[]) {
    this.#servers = servers;
    const address = servers[0]?.address();
    this.port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  /** Begins to listen. Throws a `MeshError` when the address cannot be had. */
  static async start(address: ListenAddress, onSocket: (socket: Socket) => void): Promise<Listeners> {
    const listen = async (options: ListenOptions): Promise<Server> => {
      const server = createServer({ noDelay: true }, onSocket);
      await new Promise<void>((resolve, reject) => {
        const done = (): void => {
          server.off('error', reject);
          resolve();
        };
        server.once('error', reject);
        if (options.path === undefined) server.listen({ ...options, backlog: BACKLOG }, done);
        else listenForOwner(server, options.path, BACKLOG, done);
      });
      return server;
    };
    if ('path' in address) await prepareSocket(address.path);
    try {
      const first = await listen(address);
      if ('path' in address) return new Listeners([first]);
      // The first one shares with nobody: whoever else has the port already would not be noticed otherwise.
      const { port } = first.address() as { readonly port: number };
      await new Promise<void>((resolve) => first.close(() => resolve()));
      const shared = { host: address.host, port, reusePort: true };
      const servers = await Promise.all(Array.from({ length: SOCKETS }, () => listen(shared))).catch(
        // Not every operating system shares ports.
        async () => [await listen({ host: address.host, port })],
      );
      return new Listeners(servers);
    } catch (error) {
      const text = 'path' in address ? address.path : `${address.host}:${address.port}`;
      throw new MeshError('AddressInUse', `cannot listen on ${text}: ${(error as Error).message}`);
    }
  }

  /** Takes no more connections; those that there are stay. */
  close(): void {
    for (const server of this.#servers) server.close();
  }
}
