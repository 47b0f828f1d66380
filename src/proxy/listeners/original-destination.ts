/** Where a connection was going before iptables redirected it here. */

import type { Socket } from 'node:net';
import type { SocketPlace } from '../address.ts';
import { canonicalIp } from '../address.ts';
import { libc } from '../sockets/libc.ts';
import { fileDescriptor } from '../sockets/socket-options.ts';

const SOL_IP = 0;
const SOL_IPV6 = 41;
// Of Linux: linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h.
const SO_ORIGINAL_DST = 80;

/** Fails early, with the reason, where original destinations cannot be had at all. */
export function requireOriginalDestinations(): void {
  libc('the original destination of redirected connections');
}

/** Undefined for a connection that nobody redirected and that the system does not track. */
export function originalDestination(socket: Socket): SocketPlace | undefined {
  const fd = fileDescriptor(socket);
  if (fd === undefined) return undefined;
  const { getsockopt } = libc('the original destination of redirected connections');
  // A socket of IPv6 that an IPv4 client uses has its destination at the level of IPv4.
  const isV6 = socket.localAddress?.includes(':') === true && !socket.localAddress.startsWith('::ffff:');
  const address = Buffer.alloc(28);
  const length: [number] = [address.length];
  if (getsockopt(fd, isV6 ? SOL_IPV6 : SOL_IP, SO_ORIGINAL_DST, address, length) !== 0) return undefined;
  return readAddress(address, isV6);
}

/** A `sockaddr_in` or `sockaddr_in6`: family, port in network order, then the address. */
function readAddress(bytes: Buffer, isV6: boolean): SocketPlace {
  const port = bytes.readUInt16BE(2);
  if (!isV6) return { kind: 'ip', ip: bytes.subarray(4, 8).join('.'), port };
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(8 + 2 * index).toString(16));
  return { kind: 'ip', ip: canonicalIp(groups.join(':')) ?? '::', port };
}
