/** Addresses as the C library takes them. */

import { endianness } from 'node:os';
import { isIPv6 } from 'node:net';
import { parseIp } from '../../base/cidr.ts';

const AF_INET = 2;
const AF_INET6 = 10;

/** A `sockaddr_in` or `sockaddr_in6` of Linux. */
export function socketAddress(ip: string, port: number): Buffer {
  const isV6 = isIPv6(ip);
  const bytes = Buffer.alloc(isV6 ? 28 : 16);
  if (endianness() === 'LE') bytes.writeUInt16LE(isV6 ? AF_INET6 : AF_INET, 0);
  else bytes.writeUInt16BE(isV6 ? AF_INET6 : AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  ipBytes(ip).copy(bytes, isV6 ? 8 : 4);
  return bytes;
}

/** The 4 or 16 bytes of an address, in network order. */
export function ipBytes(ip: string): Buffer {
  const parsed = parseIp(ip);
  const size = parsed?.family === 6 ? 16 : 4;
  return Buffer.from((parsed?.value ?? 0n).toString(16).padStart(2 * size, '0'), 'hex');
}
