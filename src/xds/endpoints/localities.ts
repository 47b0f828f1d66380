/** The endpoints of a target, grouped by where they are, and in which order the places are used. */

import type { ServiceEndpoint } from '../../model/endpoints.ts';
import { hasLabels } from '../../model/topology.ts';
import type { Target } from '../clusters/targets.ts';
import type { Input } from '../input.ts';
import { HealthStatus } from '../proto/generated/envoy/config/core/v3/health_check_pb.js';
import type {
  LbEndpointSchema,
  LocalityLbEndpointsSchema,
} from '../proto/generated/envoy/config/endpoint/v3/endpoint_components_pb.js';
import { type Init, addressOf, istioMetadata } from '../values.ts';
import { workloadText } from './workload-text.ts';
import {
  type Place,
  distribute,
  failover,
  localitySettings,
  parsePlace,
  zoneRank,
  zoneSettings,
} from './locality-policy.ts';

export type LocalityEndpoints = Init<typeof LocalityLbEndpointsSchema> & {
  readonly lbEndpoints: readonly Init<typeof LbEndpointSchema>[];
};

/** Groups in the order of their names; empty when the target has no endpoints. */
export function localityEndpoints(target: Target, input: Input): LocalityEndpoints[] {
  const { service, port, subset } = target;
  const labels = subset?.labels ?? {};
  const endpoints = input.snapshot
    .endpointsOf(service, port)
    .filter((endpoint) => hasLabels(labels, endpoint))
    // What came with TLS must not reach a workload that takes it for something else.
    .filter(({ endsMeshTls }) => endsMeshTls || !target.passedOn);
  const { proxy, snapshot } = input;
  const settings = localitySettings(target.policy, snapshot.mesh.config, service.prefers);
  const zones = zoneSettings(target.policy, snapshot.mesh.config, service.prefers);
  const rankOf = (endpoint: ServiceEndpoint): number =>
    zones === undefined
      ? failover(settings, target.policy, proxy, endpoint)
      : zoneRank(zones, proxy, endpoint);
  const built = placed(endpoints, rankOf, input);
  return distribute(settings, proxy, built).map(withoutPlace);
}

/** Endpoints by their places, all of one rank. */
export function groupedByPlace(endpoints: readonly ServiceEndpoint[], input: Input): LocalityEndpoints[] {
  return placed(endpoints, () => 0, input).map(withoutPlace);
}

function placed(
  endpoints: readonly ServiceEndpoint[],
  rankOf: (endpoint: ServiceEndpoint) => number,
  { snapshot }: Input,
) {
  return grouped(endpoints, rankOf).map(({ place, priority, members }) => ({
    locality: { region: place.region, zone: place.zone, subZone: place.subzone },
    priority,
    lbEndpoints: members.map((endpoint) => lbEndpoint(endpoint, snapshot.mesh.clusterId)),
    loadBalancingWeight: members.reduce((sum, { weight }) => sum + Math.max(weight, 1), 0),
    place,
  }));
}

function withoutPlace({ place: _place, ...group }: ReturnType<typeof placed>[number]): LocalityEndpoints {
  return group;
}

interface Group {
  readonly place: Place;
  readonly priority: number;
  readonly members: ServiceEndpoint[];
}

function grouped(
  endpoints: readonly ServiceEndpoint[],
  priorityOf: (endpoint: ServiceEndpoint) => number,
): readonly Group[] {
  const groups = new Map<string, Group>();
  const ranks = endpoints.map(priorityOf);
  // Envoy wants priorities without gaps.
  const dense = [...new Set(ranks)].sort((a, b) => a - b);
  for (const [index, endpoint] of endpoints.entries()) {
    const priority = dense.indexOf(ranks[index] ?? 0);
    const key = `${endpoint.locality}|${priority}`;
    const group = groups.get(key);
    if (group === undefined)
      groups.set(key, { place: parsePlace(endpoint.locality), priority, members: [endpoint] });
    else group.members.push(endpoint);
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

function lbEndpoint(endpoint: ServiceEndpoint, clusterId: string): Init<typeof LbEndpointSchema> {
  return {
    hostIdentifier: {
      case: 'endpoint',
      value: { address: addressOf(endpoint.address, endpoint.port) },
    },
    loadBalancingWeight: Math.max(endpoint.weight, 1),
    metadata: istioMetadata({ workload: workloadText(endpoint, clusterId) }),
    ...(!endpoint.ready && { healthStatus: HealthStatus.UNHEALTHY }),
  };
}
