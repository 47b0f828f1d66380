/** Sends back what it is sent. */

import { EchoSchema } from '../../xds/proto/generated/envoy/extensions/filters/network/echo/v3/echo_pb.js';
import { unpacked } from '../config-error.ts';
import type { NetworkFilterKind } from '../listeners/network-filter.ts';

export const ECHO: NetworkFilterKind = {
  kind: 'terminal',
  typeName: EchoSchema.typeName,
  compile: (any) => {
    unpacked('echo', any, EchoSchema);
    return { onConnection: ({ socket }) => void socket.pipe(socket), close: () => undefined };
  },
};
