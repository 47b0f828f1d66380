/**
 * The endpoints beside a proxy, of the workload that it belongs to. It compares how they are spread over zones with
 * how those are that it calls. https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/zone_aware
 */

import { servedPorts } from '../../model/workload-services.ts';
import type { Input } from '../input.ts';
import { OWN_CLUSTER } from '../names.ts';
import type { ProxyIdentity } from '../proxy-identity.ts';
import type { AssignmentInit } from './assignments.ts';
import { groupedByPlace } from './localities.ts';
import { parsePlace } from './locality-policy.ts';

/** Labels of Pods that were made from one template. */
const TEMPLATES = ['pod-template-hash', 'rollouts-pod-template-hash'] as const;

/** Whether the proxy's bootstrap has the cluster of its own workload. */
export function knowsOwnEndpoints({ metadata }: ProxyIdentity): boolean {
  const said = metadata.ENABLE_SELF_DISCOVERY;
  return said === 'true' || said === '1' || said === true;
}

/** Those in the proxy's region, of the first service that it serves; undefined for a proxy that does not ask for them. */
export function ownEndpoints(input: Input): AssignmentInit | undefined {
  const { proxy, snapshot } = input;
  if (!knowsOwnEndpoints(proxy)) return undefined;
  const [first] = servedPorts(proxy, snapshot).toSorted((a, b) => compare(a.service, b.service));
  const endpoints = first === undefined ? [] : snapshot.endpointsOf(first.service, first.port);
  const { WORKLOAD_NAME: own = proxy.name } = proxy.metadata;
  const beside = endpoints.filter(
    (endpoint) =>
      endpoint.workload === own &&
      TEMPLATES.every((label) => (endpoint.labels[label] ?? '') === (proxy.labels[label] ?? '')) &&
      parsePlace(endpoint.locality).region === proxy.locality.region,
  );
  return { clusterName: OWN_CLUSTER, endpoints: groupedByPlace(beside, input) };
}

/** The oldest first, then by name, as Istio has them. */
function compare(
  one: { readonly created: string; readonly hostname: string },
  other: { readonly created: string; readonly hostname: string },
): number {
  const [a, b] = [`${one.created} ${one.hostname}`, `${other.created} ${other.hostname}`];
  return a < b ? -1 : Number(a > b);
}
