/** Where a socket is: an address and port, or a path. */

import { SocketAddress, isIP } from 'node:net';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** `ip` is in canonical form (IPv4-mapped IPv6 addresses are IPv4). */
export interface SocketPlace {
  readonly kind: 'ip';
  readonly ip: string;
  readonly port: number;
}

export interface PipePlace {
  readonly kind: 'pipe';
  readonly path: string;
}

export type Place = SocketPlace | PipePlace;

/** As Envoy prints it: `10.0.0.1:80`, `[::1]:80`, or the path. */
export function placeText(place: Place): string {
  if (place.kind === 'pipe') return place.path;
  return place.ip.includes(':') ? `[${place.ip}]:${place.port}` : `${place.ip}:${place.port}`;
}

/** The canonical text of an address, IPv4 for IPv4-mapped IPv6; undefined for what is none. Zones are kept. */
export function canonicalIp(text: string): string | undefined {
  const family = isIP(text);
  if (family === 0) return undefined;
  if (family === 4) return text;
  const mapped = MAPPED.exec(text)?.[1];
  if (mapped !== undefined && isIP(mapped) === 4) return mapped;
  const zone = text.indexOf('%');
  if (zone >= 0) return text.toLowerCase();
  return new SocketAddress({ address: text, family: 'ipv6' }).address;
}
