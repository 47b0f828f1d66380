/** Route configurations and the virtual hosts that need no VirtualService. */

import type { MeshService, MeshServicePort } from '../../model/services.ts';
import { effectivePolicy } from '../../model/traffic-policy.ts';
import { countsAttempts, tellsForwardedHost } from '../http-filters/proxy-headers.ts';
import { looksUpUnknown } from '../dynamic-dns.ts';
import { type Input, ruleFor } from '../input.ts';
import {
  ALLOW_ANY_DYNAMIC_CLUSTER,
  BLACK_HOLE_CLUSTER,
  PASSTHROUGH_CLUSTER,
  outboundCluster,
} from '../names.ts';
import type { RouteConfigurationSchema } from '../proto/generated/envoy/config/route/v3/route_pb.js';
import type { VirtualHostSchema } from '../proto/generated/envoy/config/route/v3/route_components_pb.js';
import { type Init, ZERO } from '../values.ts';
import type { RouteInit } from './action.ts';
import { resolveDestination } from './destination.ts';
import { hashPolicy } from './hash.ts';
import { matchAll } from './match.ts';
import { retryPolicy } from './retry.ts';

export type RouteConfigurationInit = Init<typeof RouteConfigurationSchema>;
export type VirtualHostInit = Init<typeof VirtualHostSchema>;

/** The name of routes that nobody named. */
const DEFAULT_ROUTE = 'default';

/** The largest body that a route may answer with by itself, in bytes. */
const MAX_DIRECT_RESPONSE = 1 << 20;

/** Clusters that do not exist (yet) are no fault: requests to them are answered with 503. */
export function routeConfiguration(name: string, virtualHosts: VirtualHostInit[]): RouteConfigurationInit {
  return {
    name,
    virtualHosts,
    validateClusters: false,
    maxDirectResponseBodySizeBytes: MAX_DIRECT_RESPONSE,
    ignorePortInHostMatching: true,
  };
}

export function virtualHost(
  name: string,
  domains: readonly string[],
  routes: RouteInit[],
  input: Input,
): VirtualHostInit {
  return { name, domains: [...domains], routes, includeRequestAttemptCount: countsAttempts(input) };
}

/** Where requests to a service go when no VirtualService says otherwise. */
export function serviceRoute(service: MeshService, port: MeshServicePort, input: Input): RouteInit {
  const mesh = input.snapshot.mesh.config;
  const rule = ruleFor(input, service.hostname, service.namespace);
  const hash = hashPolicy(effectivePolicy(rule, undefined, port.number, mesh));
  // As in Istio: where no VirtualService speaks, a request whose endpoint fails is tried at another one.
  const retries = retryPolicy(undefined, mesh, false);
  return {
    name: DEFAULT_ROUTE,
    match: matchAll(),
    action: {
      case: 'route',
      value: {
        clusterSpecifier: {
          case: 'cluster',
          value: outboundCluster(port.number, undefined, service.hostname),
        },
        timeout: ZERO,
        maxGrpcTimeout: ZERO,
        ...(retries !== undefined && { retryPolicy: retries }),
        ...(hash !== undefined && { hashPolicy: [hash] }),
      },
    },
    decorator: { operation: `${service.hostname}:${port.number}/*` },
  };
}

/** Where requests and connections go that nobody declared: as MeshConfig or the Sidecar says. */
export function fallbackCluster(input: Input): string {
  const policy = input.scope.outboundTrafficPolicy;
  if (policy.mode === 'REGISTRY_ONLY') return BLACK_HOLE_CLUSTER;
  const { egressProxy } = policy;
  if (egressProxy === undefined) return PASSTHROUGH_CLUSTER;
  return resolveDestination(egressProxy, egressProxy.port?.number ?? 0, input).cluster;
}

/** The virtual host for hosts that nobody declared. */
export function fallbackHost(input: Input): VirtualHostInit {
  const cluster = fallbackCluster(input);
  if (cluster === BLACK_HOLE_CLUSTER) {
    const refuse: RouteInit = {
      name: 'block_all',
      match: matchAll(),
      action: { case: 'directResponse', value: { status: 502 } },
    };
    return virtualHost('block_all', ['*'], [refuse], input);
  }
  const looksUp = looksUpUnknown(input);
  const name = looksUp ? 'allow_any_dynamic_dns' : 'allow_any';
  const pass: RouteInit = {
    name,
    match: matchAll(),
    action: {
      case: 'route',
      value: {
        clusterSpecifier: { case: 'cluster', value: looksUp ? ALLOW_ANY_DYNAMIC_CLUSTER : cluster },
        timeout: ZERO,
        maxGrpcTimeout: ZERO,
        ...(tellsForwardedHost(input) && { appendXForwardedHost: true }),
      },
    },
  };
  return virtualHost(name, ['*'], [pass], input);
}
