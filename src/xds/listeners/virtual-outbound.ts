/** The listener that gets all connections that are redirected out of a workload. */

import type { Input } from '../input.ts';
import { BLACK_HOLE_CLUSTER, OUTBOUND_CAPTURE_PORT, WILDCARD_ADDRESS } from '../names.ts';
import { TrafficDirection } from '../proto/generated/envoy/config/core/v3/base_pb.js';
import { fallbackCluster } from '../routes/configuration.ts';
import { addressOf } from '../values.ts';
import type { ListenerInit } from './chains.ts';
import { tcpToFixed } from './tcp-proxy.ts';

/** It hands each connection to the listener of its destination, and carries on what has none. */
export function virtualOutbound(input: Input): ListenerInit {
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
      {
        name: 'virtualOutbound-catchall-tcp',
        filters: [tcpToFixed(fallbackCluster(input), input)],
      },
    ],
    maxConnectionsToAcceptPerSocketEvent: 1,
  };
}
