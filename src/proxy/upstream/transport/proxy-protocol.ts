/** Tells endpoints who the client is, ahead of everything else: the PROXY protocol. */

import type { TransportSocket } from './socket.ts';
import { writeV1, writeV2 } from '../../listeners/proxy-protocol.ts';

/** `inner` is what comes after the header. */
export function proxyProtocol(version: 1 | 2, inner: TransportSocket): TransportSocket {
  const write = version === 1 ? writeV1 : writeV2;
  return {
    tls: inner.tls,
    connect: (dialer, host, options) => {
      const raw = dialer.dial(host.place, options.source);
      // Before TLS hears that it may begin: the first listener is the first to write.
      raw.once('connect', () =>
        raw.write(write(options.downstream?.source, options.downstream?.destination)),
      );
      return inner.over(raw, options);
    },
    over: (raw, options) => inner.over(raw, options),
    get ready() {
      return inner.ready;
    },
    close: () => inner.close?.(),
  };
}
