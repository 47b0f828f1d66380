/** Connections that come from an address which is not this machine's own: they keep the client's. */

import { Socket, type SocketConstructorOpts, isIPv6 } from 'node:net';
import type { SocketPlace } from '../address.ts';
import { libc } from './libc.ts';
import { socketAddress } from './socket-address.ts';
import { nativeInt } from './socket-options.ts';

// Of Linux.
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2_000_000;
const SOL_SOCKET = 1;
const SO_MARK = 36;
const SOL_IP = 0;
const IP_TRANSPARENT = 19;
const SOL_IPV6 = 41;
const IPV6_TRANSPARENT = 75;

/** Begins to connect; a socket that cannot be made so is destroyed with an error that says what failed. */
export function dialFrom(source: { readonly ip: string; readonly mark: number }, place: SocketPlace): Socket {
  const isV6 = isIPv6(place.ip);
  if (isIPv6(source.ip) !== isV6) {
    return new Socket().destroy(new Error(`${source.ip} cannot connect to ${place.ip}: another family`));
  }
  try {
    const fd = openFrom(source, isV6);
    // Node.js would read at once from a socket that it is given, which this one is not ready for.
    const options: SocketConstructorOpts & { manualStart: boolean } = {
      fd,
      allowHalfOpen: true,
      manualStart: true,
    };
    const socket = new Socket(options);
    socket.setNoDelay(true);
    return socket.connect({ host: place.ip, port: place.port });
  } catch (error) {
    return new Socket().destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function openFrom({ ip, mark }: { readonly ip: string; readonly mark: number }, isV6: boolean): number {
  const c = libc('original_src');
  const fd = c.socket(isV6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const check = (result: number, what: string) => {
    if (result >= 0) return;
    const errno = c.errno();
    if (fd >= 0) c.close(fd);
    throw new Error(
      `original_src: ${what} failed with error ${errno}${errno === 1 ? ' (it needs NET_ADMIN)' : ''}`,
    );
  };
  check(fd, 'socket');
  if (isV6) check(c.setsockopt(fd, SOL_IPV6, IPV6_TRANSPARENT, nativeInt(1), 4), 'IPV6_TRANSPARENT');
  else check(c.setsockopt(fd, SOL_IP, IP_TRANSPARENT, nativeInt(1), 4), 'IP_TRANSPARENT');
  if (mark !== 0) check(c.setsockopt(fd, SOL_SOCKET, SO_MARK, nativeInt(mark), 4), 'SO_MARK');
  const address = socketAddress(ip, 0);
  check(c.bind(fd, address, address.length), `bind to ${ip}`);
  return fd;
}
