/** The mesh as one proxy has to see it: all resources of the Envoy API, and what could not be put into them. */

import { create, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import type { Snapshot } from '../model/snapshot.ts';
import { inboundClusterOf } from './clusters/inbound.ts';
import { blackHole, inboundPassthrough, passthrough } from './clusters/fixed.ts';
import { outboundClusterOf } from './clusters/outbound.ts';
import { targetsOf } from './clusters/targets.ts';
import { assignmentOf } from './endpoints/assignments.ts';
import type { Input } from './input.ts';
import { gatewayListeners } from './listeners/gateway.ts';
import { inboundPorts } from './listeners/inbound-ports.ts';
import { inboundListeners } from './listeners/inbound.ts';
import { outboundListeners } from './listeners/outbound.ts';
import { ProblemList, type TranslationProblem } from './problem.ts';
import { ClusterSchema } from './proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from './proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from './proto/generated/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from './proto/generated/envoy/config/route/v3/route_pb.js';
import { typeUrlOf } from './proto/registry.ts';
import type { ProxyIdentity } from './proxy-identity.ts';
import type { ProxyResources, Resource } from './resource.ts';
import { reportUnenforced } from './unenforced.ts';

export interface Translated extends ProxyResources {
  /** What of the configuration does not hold for this proxy, each object and reason once. */
  readonly problems: readonly TranslationProblem[];
}

/** Pure: the same snapshot and proxy give the same resources. */
export function translate(snapshot: Snapshot, proxy: ProxyIdentity): Translated {
  const problems = new ProblemList();
  const isGateway = proxy.type === 'router';
  const scope = isGateway
    ? snapshot.sidecarScopes.ofGateway(proxy.namespace)
    : snapshot.sidecarScopes.of(proxy.namespace, proxy.labels);
  const input: Input = { snapshot, proxy, scope, report: problems.report };
  reportUnenforced(input);
  const mesh = snapshot.mesh.config;
  const targets = targetsOf(input);
  const outbound = targets.flatMap((target) => outboundClusterOf(target, input) ?? []);
  const served = isGateway ? [] : inboundPorts(input);
  const opened = isGateway ? gatewayListeners(input) : outboundListeners(input);
  const clusters = [
    ...outbound,
    blackHole(mesh),
    ...(isGateway
      ? []
      : [
          passthrough(mesh),
          ...served.map((port) => inboundClusterOf(port, input)),
          inboundPassthrough(mesh),
        ]),
  ];
  const listeners = isGateway ? opened.listeners : [...opened.listeners, ...inboundListeners(served, input)];
  return {
    clusters: resources(ClusterSchema, clusters, ({ name }) => name),
    endpoints: resources(
      ClusterLoadAssignmentSchema,
      targets.flatMap((target) => assignmentOf(target, input) ?? []),
      ({ clusterName }) => clusterName,
    ),
    listeners: resources(ListenerSchema, listeners, ({ name }) => name),
    routes: resources(RouteConfigurationSchema, opened.routes, ({ name }) => name),
    problems: problems.all,
  };
}

function resources<Schema extends DescMessage>(
  schema: Schema,
  inits: readonly MessageInitShape<Schema>[],
  nameOf: (message: MessageShape<Schema>) => string,
): Resource[] {
  const typeUrl = typeUrlOf(schema);
  const found = new Map<string, Resource>();
  for (const init of inits) {
    const message = create(schema, init);
    const name = nameOf(message);
    // Of one name the first counts: discovery knows resources by their names.
    if (!found.has(name)) found.set(name, { typeUrl, name, message });
  }
  return [...found.values()];
}
