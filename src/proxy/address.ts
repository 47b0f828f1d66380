/** Where a socket is: an address and port, or a path. */

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
