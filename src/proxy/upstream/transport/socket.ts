/** How bytes travel to the endpoints of a cluster: in the clear, over TLS, with the PROXY protocol ahead. */

import type { Socket } from 'node:net';
import type { TransportSocket as Config } from '../../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { typeNameOf } from '../../config-error.ts';
import { UnsupportedError } from '../../route/unsupported.ts';
import type { Endpoint } from '../host.ts';
import type { ConnectOptions } from '../types.ts';
import type { Dialer } from './dial.ts';

export interface TransportSocket {
  readonly tls: boolean;
  /** Begins to connect; the socket says `connect`, or for TLS `secureConnect`, or `error`. */
  connect(dialer: Dialer, host: Endpoint, options: ConnectOptions): Socket;
  /** Resolves when what it needs from elsewhere, as secrets, is there. */
  readonly ready?: Promise<void>;
  close?(): void;
}

export const RAW: TransportSocket = { tls: false, connect: (dialer, host) => dialer.dial(host.place) };

/** Throws an `UnsupportedError` that names the type of transport socket. */
export function transportSocket(owner: string, config: Config | undefined): TransportSocket {
  if (config === undefined) return RAW;
  const any = config.configType.case === 'typedConfig' ? config.configType.value : undefined;
  const type = typeNameOf(any);
  switch (type) {
    case '':
      if (config.name === 'envoy.transport_sockets.raw_buffer') return RAW;
      throw new UnsupportedError(`${owner}.transport_socket ${config.name} without typed_config`);
    case 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer':
      return RAW;
    default:
      throw new UnsupportedError(`${owner}.transport_socket of type ${type}`);
  }
}
