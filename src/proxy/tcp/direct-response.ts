/** Answers every connection with the same bytes, and closes it. */

import { ConfigSchema } from '../../xds/proto/generated/envoy/extensions/filters/network/direct_response/v3/config_pb.js';
import { unpacked } from '../config-error.ts';
import type { NetworkFilterKind } from '../listeners/network-filter.ts';
import { readDataSource } from '../tls/data-source.ts';

export const DIRECT_RESPONSE: NetworkFilterKind = {
  kind: 'terminal',
  typeName: ConfigSchema.typeName,
  compile: (any) => {
    const config = unpacked('direct_response', any, ConfigSchema);
    const response = readDataSource('direct_response.response', config.response) ?? Buffer.alloc(0);
    return {
      onConnection: ({ socket }) => {
        // What the client sends is of no interest, but unread bytes would reset the connection under the answer.
        socket.resume();
        socket.end(response, () => socket.destroySoon());
      },
      close: () => undefined,
    };
  },
};
