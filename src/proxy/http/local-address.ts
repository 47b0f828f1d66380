/** The machine's own address, which stands for the loopback in `x-forwarded-for`. */

import { networkInterfaces } from 'node:os';

let found: string | undefined;

/** The first IPv4 address that is not of the loopback, as Envoy finds it for its node. */
export function localAddress(): string {
  found ??=
    Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
  return found;
}
