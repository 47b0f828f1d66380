/** The machine's own address, which stands for the loopback in `x-forwarded-for`. */

import { networkInterfaces } from 'node:os';

let found: string | undefined;

/** The first IPv4 address that is no loopback address, of whatever interface, as Envoy finds it for its node. */
export function localAddress(): string {
  found ??=
    Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, address }) => family === 'IPv4' && !address.startsWith('127.'))?.address ??
    '127.0.0.1';
  return found;
}
