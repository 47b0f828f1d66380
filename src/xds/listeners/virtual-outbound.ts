/** The listener that gets all connections that are redirected out of a workload. */

import { looksUpUnknown } from '../dynamic-dns.ts';
import { connectionManager } from '../http-filters/connection-manager.ts';
import type { Input } from '../input.ts';
import { BLACK_HOLE_CLUSTER, OUTBOUND_CAPTURE_PORT, WILDCARD_ADDRESS } from '../names.ts';
import { TrafficDirection } from '../proto/generated/envoy/config/core/v3/base_pb.js';
import { fallbackCluster, fallbackHost, routeConfiguration } from '../routes/configuration.ts';
import { addressOf } from '../values.ts';
import { type FilterChain, type ListenerInit, httpInspector } from './chains.ts';
import { tcpToFixed } from './tcp-proxy.ts';

/** It hands each connection to the listener of its destination, and carries on what has none. */
export function virtualOutbound(input: Input): ListenerInit {
  const looksUp = looksUpUnknown(input);
  return {
    name: 'virtualOutbound',
    address: addressOf(WILDCARD_ADDRESS, OUTBOUND_CAPTURE_PORT),
    useOriginalDst: true,
    transparent: input.proxy.interceptionMode === 'TPROXY',
    trafficDirection: TrafficDirection.OUTBOUND,
    filterChains: [
      {
        name: 'virtualOutbound-blackhole',
        // A connection to the port itself would come back for ever.
        filterChainMatch: { destinationPort: OUTBOUND_CAPTURE_PORT },
        filters: [tcpToFixed(BLACK_HOLE_CLUSTER, input)],
      },
      ...(looksUp ? [lookedUp(input)] : []),
      {
        name: 'virtualOutbound-catchall-tcp',
        filters: [tcpToFixed(fallbackCluster(input), input)],
      },
    ],
    ...(looksUp && { listenerFilters: [httpInspector()] }),
    maxConnectionsToAcceptPerSocketEvent: 1,
  };
}

/** HTTP to ports that nobody declared. */
function lookedUp(input: Input): FilterChain {
  return {
    name: 'virtualOutbound-catchall-tcp-http',
    filterChainMatch: { applicationProtocols: ['http/1.1', 'h2c'] },
    filters: [
      connectionManager(
        {
          statPrefix: 'outbound_virtualOutbound_allow_any_dynamic_dns;',
          trafficClass: 'outbound',
          routes: routeConfiguration('allow_any_dynamic_dns', [fallbackHost(input)]),
        },
        input,
      ),
    ],
  };
}
