/**
 * Sockets that have an address and do not listen yet: whether the address can be had shows at once, and nobody can
 * connect until it is wanted. The public calls of Node.js always do both, and tell later; what is called here is what its
 * own module `cluster` is made of.
 */

import * as net from 'node:net';
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';

export interface BoundHandle {
  close(): void;
}

/** Where to bind: an address (port 0 takes any), a path (abstract ones begin with a zero byte), or what is bound already. */
export type BindTarget =
  | { readonly ip: string; readonly port: number; readonly v6Only: boolean; readonly reusePort: boolean }
  | { readonly path: string }
  | { readonly fd: number };

/** Flags of libuv's `uv_tcp_bind`. */
const IPV6ONLY = 1;
const REUSEPORT = 2;

interface NativeHandle extends BoundHandle {
  getsockname?(out: object): number;
}

type CreateHandle = (
  address: string | null,
  port: number | null,
  family: 4 | 6 | -1 | null,
  fd?: number,
  flags?: number,
) => NativeHandle | number;

/** Throws an `Error` whose message is the system's reason. */
export function bindHandle(target: BindTarget): BoundHandle {
  const create = Reflect.get(net, '_createServerHandle') as CreateHandle;
  const handle = created(create, target);
  if (typeof handle === 'number') throw new Error(reasonOf(handle));
  // libuv keeps back that an address is in use until somebody asks for the socket's name.
  const problem = 'ip' in target ? (handle.getsockname?.({}) ?? 0) : 0;
  if (problem === 0) return handle;
  handle.close();
  throw new Error(reasonOf(problem));
}

/** Begins to listen: the server tells of it, or of the error, as after any `listen`. The handle is the server's own now. */
export function listenOn(server: net.Server, handle: BoundHandle, backlog: number): void {
  Reflect.set(server, '_handle', handle);
  const listen = Reflect.get(server, '_listen2') as (
    address: null,
    port: -1,
    family: -1,
    backlog: number,
  ) => void;
  listen.call(server, null, -1, -1, backlog);
}

/** The system's words, as Envoy has them, for one of its error numbers. */
export function reasonOf(errno: number): string {
  const number = -Math.abs(errno);
  return WORDS[getSystemErrorName(number)] ?? getSystemErrorMessage(number) ?? `error ${errno}`;
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ENOENT: 'No such file or directory',
};

function created(create: CreateHandle, target: BindTarget): NativeHandle | number {
  if ('fd' in target) return create(null, null, null, target.fd);
  if ('path' in target) return create(target.path, -1, -1);
  const { ip, port, v6Only, reusePort } = target;
  const flags = (v6Only ? IPV6ONLY : 0) | (reusePort ? REUSEPORT : 0);
  return net.isIPv6(ip)
    ? create(ip, port, 6, undefined, flags)
    : create(ip, port, 4, undefined, flags & ~IPV6ONLY);
}
