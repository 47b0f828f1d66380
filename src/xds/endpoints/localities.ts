/** The endpoints of a target, grouped by where they are, and in which order the places are used. */

import { isIp } from '../../base/cidr.ts';
import type { ServiceEndpoint } from '../../model/endpoints.ts';
import { hasLabels } from '../../model/topology.ts';
import { type EffectivePolicy, effectivePolicy } from '../../model/traffic-policy.ts';
import { panicThreshold } from '../clusters/outlier-detection.ts';
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

/** A workload with it is left out, but for clients of a service whose sessions stay where they are. */
const DRAINING_LABEL = 'istio.io/draining';
const PERSISTENT_SESSION_LABEL = 'istio.io/persistent-session';

export type LocalityEndpoints = Init<typeof LocalityLbEndpointsSchema> & {
  readonly lbEndpoints: readonly Init<typeof LbEndpointSchema>[];
};

/** Groups in the order of their names; empty when the target has no endpoints. */
export function localityEndpoints(target: Target, input: Input): LocalityEndpoints[] {
  const { service, port, rule, subset, policy, discovery } = target;
  const { proxy, snapshot } = input;
  const mesh = snapshot.mesh.config;
  const settings = localitySettings(policy, mesh, service.prefers);
  const zones = zoneSettings(policy, mesh, service.prefers);
  // Whether failing endpoints are found out the mesh's defaults say for names that DNS resolves, not for addresses.
  const ranks = discovery === 'eds' ? effectivePolicy(rule, subset, port.number, {}) : policy;
  const rankOf = (endpoint: ServiceEndpoint): number =>
    zones === undefined ? failover(settings, ranks, proxy, endpoint) : zoneRank(zones, proxy, endpoint);
  const built = placed(usable(target, ranks, input), rankOf, input);
  return distribute(settings, proxy, built).map(withoutPlace);
}

/** The endpoints that the proxy is told of. */
function usable(
  { service, port, subset, discovery, passedOn }: Target,
  policy: EffectivePolicy,
  { snapshot, proxy }: Input,
): readonly ServiceEndpoint[] {
  const labels = subset?.labels ?? {};
  const node = service.nodeLocal ? (proxy.metadata.NODE_NAME ?? '') : undefined;
  const keeps = (service.object.meta.labels[PERSISTENT_SESSION_LABEL] ?? '') !== '';
  // With a threshold for panic those that are not ready would get requests too.
  const showsAll = service.prefers !== undefined || panicThreshold(policy, service).value === 0;
  const found = snapshot.endpointsOf(service, port).filter(
    (endpoint) =>
      hasLabels(labels, endpoint) &&
      // What came with TLS must not reach a workload that takes it for something else.
      (endpoint.endsMeshTls || !passedOn) &&
      // Names are for DNS, which nobody asks here.
      (discovery !== 'eds' || endpoint.port === 0 || isIp(endpoint.address)) &&
      (node === undefined || endpoint.node === node) &&
      (showsAll || endpoint.ready) &&
      (keeps || !isDraining(endpoint)),
  );
  return onceEach(found);
}

/** Of those at the same address the first. */
function onceEach(endpoints: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  const first = new Map<string, ServiceEndpoint>();
  for (const endpoint of endpoints) {
    const id = `${endpoint.address} ${endpoint.port}`;
    if (!first.has(id)) first.set(id, endpoint);
  }
  return first.size === endpoints.length ? endpoints : [...first.values()];
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

/** Its workload says that it wants no new requests. */
function isDraining({ labels }: ServiceEndpoint): boolean {
  return (labels[DRAINING_LABEL] ?? '') !== '';
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
    ...(isDraining(endpoint) && { healthStatus: HealthStatus.DRAINING }),
  };
}
