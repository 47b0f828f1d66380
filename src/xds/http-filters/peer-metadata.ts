/** Has proxies tell each other whom they serve, for metrics. */

import type { Input } from '../input.ts';
import {
  type Config_IstioHeadersSchema,
  ConfigSchema,
} from '../proto/generated/io/istio/http/peer_metadata/config_pb.js';
import { pack } from '../proto/registry.ts';
import type { Init } from '../values.ts';
import { type TrafficClass, tellsOnlyMesh } from './proxy-headers.ts';

/** As istiod calls it. */
export const PEER_METADATA_FILTER = 'istio.metadata_exchange';

/** Servers hear of their clients and answer those who told; clients and gateways tell first. */
export function peerMetadata(trafficClass: TrafficClass, input: Input) {
  const headers = (options: Init<typeof Config_IstioHeadersSchema> = {}) => ({
    methodSpecifier: { case: 'istioHeaders' as const, value: options },
  });
  if (trafficClass === 'inbound') {
    return pack(ConfigSchema, { downstreamDiscovery: [headers()], downstreamPropagation: [headers()] });
  }
  const skipExternalClusters = tellsOnlyMesh(input);
  return pack(ConfigSchema, {
    upstreamDiscovery: [headers()],
    upstreamPropagation: [headers({ skipExternalClusters })],
  });
}
