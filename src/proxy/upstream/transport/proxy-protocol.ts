/** Tells endpoints who the client is, ahead of everything else: the PROXY protocol. */

import type { Socket } from 'node:net';
import { canonicalIp, placeText, type Place } from '../../address.ts';
import { writeV1, writeV2 } from '../../listeners/proxy-protocol.ts';
import type { ConnectOptions } from '../types.ts';
import type { TransportSocket } from './socket.ts';

/** `inner` is what comes after the header. */
export function proxyProtocol(version: 1 | 2, inner: TransportSocket): TransportSocket {
  const over = (raw: Socket, options: ConnectOptions) => {
    // Before TLS hears that it may begin: the first listener is the first to write.
    raw.once('connect', () => raw.write(version === 1 ? headerV1(raw, options) : headerV2(options)));
    return inner.over(raw, options);
  };
  return {
    tls: inner.tls,
    connect: (dialer, host, options) => over(dialer.dial(host.place, options.source), options),
    over,
    keyOf: (options) => {
      const { source, destination } = options.downstream ?? {};
      const client =
        source === undefined || destination === undefined
          ? ''
          : `${placeText(source)} ${placeText(destination)}`;
      return `${client} ${inner.keyOf(options)}`;
    },
    get ready() {
      return inner.ready;
    },
    close: () => inner.close?.(),
  };
}

/** The proxy's own connections, as those of health checks, have no client: they tell of themselves. */
function headerV1(raw: Socket, { downstream }: ConnectOptions): Buffer {
  return writeV1(
    downstream?.source ?? placeOf(raw.localAddress, raw.localPort),
    downstream?.destination ?? placeOf(raw.remoteAddress, raw.remotePort),
  );
}

function headerV2({ downstream }: ConnectOptions): Buffer {
  return writeV2(downstream?.source, downstream?.destination);
}

function placeOf(address: string | undefined, port: number | undefined): Place | undefined {
  const ip = address === undefined ? undefined : canonicalIp(address);
  return ip === undefined || port === undefined ? undefined : { kind: 'ip', ip, port };
}
