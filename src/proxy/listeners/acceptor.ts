/** A bound socket that takes connections, for as long as some listener wants its address. */

import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs';
import { type Server, type Socket, createServer, isIPv6 } from 'node:net';
import { dirname } from 'node:path';
import type { Place } from '../address.ts';
import { placeText } from '../address.ts';
import { type BoundHandle, bindHandle, listenOn, reasonOf } from '../sockets/bound-handle.ts';
import { libc } from '../sockets/libc.ts';
import { socketAddress } from '../sockets/socket-address.ts';
import { nativeInt } from '../sockets/socket-options.ts';
import type { BindOptions } from './bind-options.ts';

/** An address that cannot be had. */
export class BindError extends Error {
  /** In Envoy's words. */
  constructor(place: Place, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`cannot bind '${placeText(place)}': ${reason}`, { cause });
    this.name = 'BindError';
  }
}

export class Acceptor {
  readonly key: string;
  readonly #place: Place;
  readonly #options: BindOptions;
  readonly #handle: BoundHandle;
  readonly #server: Server;
  /** Who takes connections; until there is somebody they wait. */
  #taker: ((socket: Socket) => void) | undefined;
  readonly #waiting = new Set<Socket>();
  #listens = false;
  #bound: Place | undefined;

  /** Takes the address; nobody can connect yet. Throws a `BindError`. */
  constructor(place: Place, options: BindOptions) {
    this.key = acceptorKey(place, options);
    this.#place = place;
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#take(socket));
    try {
      this.#handle = bind(place, options);
    } catch (error) {
      throw new BindError(place, error);
    }
  }

  /** With the port that the system chose where the configuration says 0; undefined until it listens. */
  get bound(): Place | undefined {
    return this.#bound;
  }

  get path(): string | undefined {
    return this.#place.kind === 'pipe' ? this.#place.path : undefined;
  }

  get sharesPort(): boolean {
    return this.#options.reusePort;
  }

  get transparent(): boolean {
    return this.#options.transparent;
  }

  /** Hands connections on, those that wait first; `undefined` has them wait. */
  handTo(taker: ((socket: Socket) => void) | undefined): void {
    this.#taker = taker;
    if (taker === undefined) return;
    for (const socket of this.#waiting) {
      this.#waiting.delete(socket);
      taker(socket);
    }
  }

  #take(socket: Socket): void {
    if (this.#taker !== undefined) {
      this.#taker(socket);
      return;
    }
    if (this.#waiting.size >= this.#options.backlog) {
      socket.destroy();
      return;
    }
    this.#waiting.add(socket);
    // Whoever takes it up sees that it has ended.
    socket.on('error', () => undefined);
    socket.once('close', () => this.#waiting.delete(socket));
  }

  /**
   * Resolves when connections are taken, or when it has been closed meanwhile. Rejects with a `BindError` when the address
   * is another's now, which only one that is shared with nobody can be.
   */
  async listen(): Promise<void> {
    // It was another listener's.
    if (this.#listens) return;
    const done = Promise.withResolvers<void>();
    this.#server.once('listening', done.resolve);
    this.#server.once('close', done.resolve);
    this.#server.once('error', done.reject);
    this.#listens = true;
    listenOn(this.#server, this.#handle, this.#options.backlog);
    try {
      await done.promise;
    } catch (error) {
      const { errno = 0 } = error as NodeJS.ErrnoException;
      throw new BindError(this.#place, new Error(reasonOf(errno), { cause: error }));
    }
    const address = this.#server.address();
    this.#bound =
      typeof address === 'object' && address !== null && this.#place.kind === 'ip'
        ? { ...this.#place, port: address.port }
        : this.#place;
    this.#server.off('error', done.reject);
    // What goes wrong with single connections, as too many open files, must not end the process.
    this.#server.on('error', () => undefined);
  }

  close(): void {
    for (const socket of this.#waiting) socket.destroy();
    if (this.#listens) this.#server.close();
    else this.#handle.close();
  }
}

/** What a bound socket is known by: two listeners with the same can take turns on it. */
export function acceptorKey(place: Place, options: BindOptions): string {
  const { transparent, freebind, ipv4Compat, fastOpen } = options;
  return JSON.stringify([placeText(place), transparent, freebind, ipv4Compat, fastOpen]);
}

function bind(place: Place, options: BindOptions): BoundHandle {
  if (place.kind === 'pipe') return bindPath(place.path, options.pipeMode);
  const { ip, port } = place;
  const { ipv4Compat, reusePort, transparent, freebind, fastOpen } = options;
  if (transparent || freebind || fastOpen > 0) return bindHandle({ fd: openSocket(ip, port, options) });
  return bindHandle({ ip, port, v6Only: !ipv4Compat, reusePort });
}

function bindPath(path: string, mode: number): BoundHandle {
  if (path.startsWith('@')) return bindHandle({ path: `\0${path.slice(1)}` });
  // libuv calls this a lack of rights.
  if (!existsSync(dirname(path))) throw new Error('No such file or directory');
  // As in Envoy the socket of a process that is no more is in nobody's way; any other file is.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
  const handle = bindHandle({ path });
  if (mode !== 0) chmodSync(path, mode);
  return handle;
}

// Of Linux.
const EPERM = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2_000_000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const SOL_IP = 0;
const IP_FREEBIND = 15;
const IP_TRANSPARENT = 19;
const SOL_TCP = 6;
const TCP_FASTOPEN = 23;
const SOL_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_TRANSPARENT = 75;
const IPV6_FREEBIND = 78;

/** A bound socket with options that have to be set before. Throws an `Error` that says what failed. */
function openSocket(ip: string, port: number, options: BindOptions): number {
  const { transparent, freebind, ipv4Compat, fastOpen, reusePort } = options;
  const c = libc(
    transparent ? 'transparent: true' : freebind ? 'freebind: true' : 'tcp_fast_open_queue_length',
  );
  const isV6 = isIPv6(ip);
  const fd = c.socket(isV6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const check = (result: number, what: string) => {
    if (result >= 0) return;
    const errno = c.errno();
    if (fd >= 0) c.close(fd);
    const hint = errno === EPERM ? ' (it needs the capability NET_ADMIN)' : '';
    throw new Error(`${what}${reasonOf(errno)}${hint}`);
  };
  check(fd, 'socket: ');
  const set = (level: number, name: number, value: number, what: string) =>
    check(c.setsockopt(fd, level, name, nativeInt(value), 4), `${what}: `);
  set(SOL_SOCKET, SO_REUSEADDR, 1, 'SO_REUSEADDR');
  if (reusePort) set(SOL_SOCKET, SO_REUSEPORT, 1, 'SO_REUSEPORT');
  if (isV6) set(SOL_IPV6, IPV6_V6ONLY, ipv4Compat ? 0 : 1, 'IPV6_V6ONLY');
  if (transparent)
    set(isV6 ? SOL_IPV6 : SOL_IP, isV6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, 1, 'IP_TRANSPARENT');
  if (freebind) set(isV6 ? SOL_IPV6 : SOL_IP, isV6 ? IPV6_FREEBIND : IP_FREEBIND, 1, 'IP_FREEBIND');
  if (fastOpen > 0) set(SOL_TCP, TCP_FASTOPEN, fastOpen, 'TCP_FASTOPEN');
  const address = socketAddress(ip, port);
  check(c.bind(fd, address, address.length), '');
  return fd;
}
