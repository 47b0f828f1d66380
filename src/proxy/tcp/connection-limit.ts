/** So many connections at once, and no more. */

import { ConnectionLimitSchema } from '../../xds/proto/generated/envoy/extensions/filters/network/connection_limit/v3/connection_limit_pb.js';
import { InvalidConfigError, milliseconds, unpacked } from '../config-error.ts';
import type { NetworkFilterKind } from '../listeners/network-filter.ts';

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/connection_limit_filter */
export const CONNECTION_LIMIT: NetworkFilterKind = {
  kind: 'gate',
  typeName: ConnectionLimitSchema.typeName,
  compile: (any, { stats }) => {
    const config = unpacked('connection_limit', any, ConnectionLimitSchema);
    const max = Number(config.maxConnections ?? 0n);
    if (max < 1) throw new InvalidConfigError('connection_limit.max_connections', 'below 1');
    const delay = milliseconds(config.delay, 0);
    const isEnabled = config.runtimeEnabled?.defaultValue !== false;
    const scope = stats.scope(`connection_limit.${config.statPrefix}.`);
    const limited = scope.counter('limited_connections');
    const active = scope.gauge('active_connections');
    let current = 0;
    return {
      onConnection: ({ socket }) => {
        if (!isEnabled) return 'continue';
        if (current >= max) {
          limited.value++;
          if (delay === 0) return 'close';
          // Clients that come back at once when they are refused are slowed down.
          const timer = setTimeout(() => socket.destroy(), delay);
          socket.once('close', () => clearTimeout(timer));
          return 'held';
        }
        current++;
        active.value = current;
        socket.once('close', () => {
          current--;
          active.value = current;
        });
        return 'continue';
      },
      close: () => scope.release(),
    };
  },
};
