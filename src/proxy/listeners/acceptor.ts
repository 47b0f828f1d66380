/** A bound socket that takes connections, for as long as some listener wants its address. */

import { chmodSync } from 'node:fs';
import { type Server, type Socket, createServer, isIPv6 } from 'node:net';
import type { Place } from '../address.ts';
import { placeText } from '../address.ts';
import { libc } from '../sockets/libc.ts';
import { socketAddress } from '../sockets/socket-address.ts';
import { nativeInt } from '../sockets/socket-options.ts';
import type { BindOptions } from './bind-options.ts';

export class Acceptor {
  readonly key: string;
  readonly #place: Place;
  readonly #options: BindOptions;
  readonly #sharesPort: boolean;
  readonly #server: Server;
  #bound: Place | undefined;

  /** `sharesPort`: other processes listen at the same address too. */
  constructor(
    place: Place,
    options: BindOptions,
    sharesPort: boolean,
    onConnection: (socket: Socket) => void,
  ) {
    this.#sharesPort = sharesPort;
    this.key = acceptorKey(place, options);
    this.#place = place;
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, onConnection);
  }

  /** With the port that the system chose where the configuration says 0; undefined until it is bound. */
  get bound(): Place | undefined {
    return this.#bound;
  }

  get path(): string | undefined {
    return this.#place.kind === 'pipe' ? this.#place.path : undefined;
  }

  get transparent(): boolean {
    return this.#options.transparent;
  }

  /** Rejects with a reason that names the address. */
  async bind(): Promise<void> {
    try {
      await this.#listen();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`cannot bind ${placeText(this.#place)}: ${reason}`, { cause: error });
    }
    const address = this.#server.address();
    this.#bound =
      typeof address === 'object' && address !== null && this.#place.kind === 'ip'
        ? { ...this.#place, port: address.port }
        : this.#place;
    // What goes wrong with single connections, as too many open files, must not end the process.
    this.#server.on('error', () => undefined);
  }

  close(): void {
    this.#server.close();
  }

  #listen(): Promise<void> {
    const { backlog, ipv4Compat, pipeMode } = this.#options;
    const place = this.#place;
    const done = Promise.withResolvers<void>();
    this.#server.once('error', done.reject);
    const listening = () => {
      this.#server.off('error', done.reject);
      done.resolve();
    };
    if (place.kind === 'pipe') {
      const isAbstract = place.path.startsWith('@');
      const path = isAbstract ? `\0${place.path.slice(1)}` : place.path;
      this.#server.listen({ path, backlog }, () => {
        if (!isAbstract && pipeMode !== 0) chmodSync(path, pipeMode);
        listening();
      });
    } else if (needsOwnSocket(this.#options)) {
      this.#server.listen(
        { fd: openSocket(place.ip, place.port, this.#options), exclusive: true },
        listening,
      );
    } else {
      this.#server.listen(
        {
          host: place.ip,
          port: place.port,
          backlog,
          ipv6Only: !ipv4Compat,
          reusePort: this.#sharesPort,
          exclusive: true,
        },
        listening,
      );
    }
    return done.promise;
  }
}

/** What a bound socket is known by: two listeners with the same can take turns on it. */
export function acceptorKey(place: Place, options: BindOptions): string {
  const { transparent, freebind, ipv4Compat, fastOpen } = options;
  return JSON.stringify([placeText(place), transparent, freebind, ipv4Compat, fastOpen]);
}

function needsOwnSocket({ transparent, freebind, fastOpen }: BindOptions): boolean {
  return transparent || freebind || fastOpen > 0;
}

// Of Linux.
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

/** A listening socket with options that have to be set before it is bound. Throws an `Error` that says which failed. */
function openSocket(ip: string, port: number, options: BindOptions): number {
  const { transparent, freebind, ipv4Compat, fastOpen, backlog } = options;
  const c = libc(
    transparent ? 'transparent: true' : freebind ? 'freebind: true' : 'tcp_fast_open_queue_length',
  );
  const isV6 = isIPv6(ip);
  const fd = c.socket(isV6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const check = (result: number, what: string) => {
    if (result >= 0) return;
    const errno = c.errno();
    if (fd >= 0) c.close(fd);
    const hint = errno === 1 ? ' (it needs the capability NET_ADMIN)' : '';
    throw new Error(`${what} failed with error ${errno}${hint}`);
  };
  check(fd, 'socket');
  const set = (level: number, name: number, value: number, what: string) =>
    check(c.setsockopt(fd, level, name, nativeInt(value), 4), what);
  set(SOL_SOCKET, SO_REUSEADDR, 1, 'SO_REUSEADDR');
  set(SOL_SOCKET, SO_REUSEPORT, 1, 'SO_REUSEPORT');
  if (isV6) set(SOL_IPV6, IPV6_V6ONLY, ipv4Compat ? 0 : 1, 'IPV6_V6ONLY');
  if (transparent)
    set(isV6 ? SOL_IPV6 : SOL_IP, isV6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, 1, 'IP_TRANSPARENT');
  if (freebind) set(isV6 ? SOL_IPV6 : SOL_IP, isV6 ? IPV6_FREEBIND : IP_FREEBIND, 1, 'IP_FREEBIND');
  if (fastOpen > 0) set(SOL_TCP, TCP_FASTOPEN, fastOpen, 'TCP_FASTOPEN');
  const address = socketAddress(ip, port);
  check(c.bind(fd, address, address.length), 'bind');
  check(c.listen(fd, backlog), 'listen');
  return fd;
}
