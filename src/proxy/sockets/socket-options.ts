/** Options of sockets that Node.js does not set. */

import { endianness } from 'node:os';
import type { Socket } from 'node:net';
import { libc } from './libc.ts';

const SOL_TCP = 6;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;

/** The file descriptor of an open socket; undefined when it has none (any more). */
export function fileDescriptor(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return undefined;
  const fd: unknown = Reflect.get(handle, 'fd');
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

/** A whole number as the C library takes it. */
export function nativeInt(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  if (endianness() === 'LE') bytes.writeInt32LE(value);
  else bytes.writeInt32BE(value);
  return bytes;
}

/** How often keep-alive probes are sent (seconds), and after how many without an answer the connection is given up. */
export function keepProbes(socket: Socket, interval: number, probes: number): void {
  const fd = fileDescriptor(socket);
  if (fd === undefined || process.platform !== 'linux') return;
  const { setsockopt } = libc('tcp_keepalive');
  setsockopt(fd, SOL_TCP, TCP_KEEPINTVL, nativeInt(interval), 4);
  setsockopt(fd, SOL_TCP, TCP_KEEPCNT, nativeInt(probes), 4);
}
