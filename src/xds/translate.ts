/** The mesh as one proxy has to see it: all resources of the Envoy API, and what could not be put into them. */

import { create, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { type Reads, type Snapshot, UNHEARD } from '../model/snapshot.ts';
import { unknownHosts } from './clusters/dynamic.ts';
import { inboundClusterOf } from './clusters/inbound.ts';
import { blackHole, inboundPassthrough, passthrough } from './clusters/fixed.ts';
import { outboundClusterOf } from './clusters/outbound.ts';
import { type Target, targetsOf } from './clusters/targets.ts';
import { looksUpUnknown } from './dynamic-dns.ts';
import { assignmentOf } from './endpoints/assignments.ts';
import { ownEndpoints } from './endpoints/own-endpoints.ts';
import { grpcClusters } from './grpc/clusters.ts';
import { grpcListeners } from './grpc/listeners.ts';
import type { Input } from './input.ts';
import { gatewayListeners } from './listeners/gateway.ts';
import { inboundPorts } from './listeners/inbound-ports.ts';
import { inboundListeners } from './listeners/inbound.ts';
import { outboundListeners } from './listeners/outbound.ts';
import type { World } from './memo.ts';
import { addedExtensions, applyPatches } from './patches/apply.ts';
import { ProblemList } from './problem.ts';
import { ClusterSchema } from './proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from './proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from './proto/generated/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from './proto/generated/envoy/config/route/v3/route_pb.js';
import { typeUrlOf } from './proto/registry.ts';
import type { ProxyIdentity } from './proxy-identity.ts';
import { withPlace } from './proxy-place.ts';
import { type Resource, withChanges } from './resource.ts';
import { type Part, type Targets, type Translated, TranslationMemo } from './translation-memo.ts';
import { reportUnenforced } from './unenforced.ts';

/** Made apart because they depend on different things: what changes in one leaves the others as they are. */
const PARTS: readonly PartBuilder[] = [
  (input, shared) => applyPatches(outboundClusters(input, shared), 'outbound', input),
  outboundEndpoints,
  (input) => applyPatches(openedListeners(input), 'outbound', input),
  (input, shared) => applyPatches(inboundPart(input, shared), 'inbound', input),
  ownAssignment,
  (input) => ({ extensions: addedExtensions(input) }),
  (input) => {
    reportUnenforced(input);
    return {};
  },
];

/** What all parts of a translation share. */
interface Shared {
  readonly memo: TranslationMemo;
  readonly world: World;
}

type PartBuilder = (input: Input, shared: Shared, earlier: Part | undefined) => Omit<Part, 'problems'>;

/** Pure: the same snapshot and proxy give the same resources. `memo` saves making them again. */
export function translate(
  snapshot: Snapshot,
  asking: ProxyIdentity,
  memo: TranslationMemo = new TranslationMemo(),
): Translated {
  const proxy = withPlace(asking, snapshot);
  const world = memo.worldOf(snapshot);
  const shared = { memo, world };
  const parts = PARTS.map((build, index) => {
    const make = (watched: ProxyIdentity, reads: Reads, earlier: Part | undefined): Part => {
      const problems = new ProblemList();
      const part = build(inputFor(world, watched, reads, problems), shared, earlier);
      return { ...finished(part, memo), problems: problems.all };
    };
    return memo.part(index).get(proxy, world, make);
  });
  return memo.whole(parts);
}

/** Endpoints are finished one by one, as they are made. */
function finished<Made extends Omit<Part, 'problems'>>(part: Made, { finish }: TranslationMemo): Made {
  const { clusters, listeners, routes, extensions } = part;
  const finishAll = (list: readonly Resource[]): readonly Resource[] => {
    const made = list.map(finish);
    // A list that is finished already stays the same list.
    return made.every((resource, at) => resource === list[at]) ? list : made;
  };
  return {
    ...part,
    ...(clusters !== undefined && { clusters: finishAll(clusters) }),
    ...(listeners !== undefined && { listeners: finishAll(listeners) }),
    ...(routes !== undefined && { routes: finishAll(routes) }),
    ...(extensions !== undefined && { extensions: finishAll(extensions) }),
  };
}

function inputFor(world: World, proxy: ProxyIdentity, reads: Reads, problems: ProblemList): Input {
  const snapshot = world.snapshot.recording(reads);
  const scopes = snapshot.sidecarScopes;
  const scope = isGateway(proxy)
    ? scopes.ofGateway(proxy.namespace)
    : scopes.of(proxy.namespace, proxy.labels);
  return { snapshot, proxy, scope, report: problems.report, reads };
}

function isGateway(proxy: ProxyIdentity): boolean {
  return proxy.type === 'router';
}

/** The proxy's targets, the same list as long as they are the same. */
function targets(input: Input, { memo, world }: Shared): readonly Target[] {
  const make = (proxy: ProxyIdentity, reads: Reads): Targets => {
    const problems = new ProblemList();
    const all = targetsOf(inputFor(world, proxy, reads, problems));
    return { all, problems: problems.all };
  };
  const { all, problems } = memo.targets.get(input.proxy, world, make, input.reads);
  for (const { object, message } of problems) input.report(object, message);
  return all;
}

function outboundClusters(input: Input, shared: Shared): Omit<Part, 'problems'> {
  if (input.proxy.isProxylessGrpc) {
    return { clusters: resources(ClusterSchema, grpcClusters(input), ({ name }) => name) };
  }
  const { memo, world } = shared;
  const mesh = input.snapshot.mesh.config;
  const outbound = targets(input, shared).flatMap(
    (target) => memo.clusters.get(target, input, world, outboundCluster) ?? [],
  );
  const fixed = [
    blackHole(mesh),
    ...(isGateway(input.proxy) ? [] : [passthrough(mesh)]),
    ...(looksUpUnknown(input) ? [unknownHosts(input)] : []),
  ];
  return { clusters: [...outbound, ...resources(ClusterSchema, fixed, ({ name }) => name)] };
}

function outboundCluster(target: Target, input: Input): Resource | undefined {
  const cluster = outboundClusterOf(target, input);
  return cluster && resources(ClusterSchema, [cluster], ({ name }) => name)[0];
}

function outboundEndpoints(input: Input, shared: Shared, earlier: Part | undefined): Omit<Part, 'problems'> {
  const { memo, world } = shared;
  const { endpoints: index } = input.snapshot;
  const all = targets(input, shared);
  // Whoever asks depends on all endpoints anyway, and not on those of each target besides.
  const own = { ...input, reads: { ...input.reads, fact: UNHEARD.fact } };
  const assignmentFor = (target: Target): Resource | undefined =>
    memo.assignments.get(target, own, world, assignment);
  const known = earlier?.assigned?.to === all ? earlier.assigned : undefined;
  if (known === undefined || earlier?.endpoints === undefined) {
    const eds = all.filter(({ discovery }) => discovery === 'eds');
    const from = eds.map(({ service, port }) => index.of(service, port));
    return {
      endpoints: eds.flatMap((target) => assignmentFor(target) ?? []),
      assigned: { to: all, eds, from },
    };
  }
  const changes = new Map<number, Resource>();
  const from = known.eds.map((target, at) => {
    const endpoints = index.of(target.service, target.port);
    const made = endpoints === known.from[at] ? undefined : assignmentFor(target);
    if (made !== undefined) changes.set(at, made);
    return endpoints;
  });
  return { endpoints: withChanges(earlier.endpoints, changes), assigned: { ...known, from } };
}

function ownAssignment(input: Input): Omit<Part, 'problems'> {
  const made = ownEndpoints(input);
  if (made === undefined) return {};
  return { endpoints: resources(ClusterLoadAssignmentSchema, [made], ({ clusterName }) => clusterName) };
}

function assignment(target: Target, input: Input): Resource | undefined {
  const made = assignmentOf(target, input);
  return made && resources(ClusterLoadAssignmentSchema, [made], ({ clusterName }) => clusterName)[0];
}

function openedListeners(input: Input): Omit<Part, 'problems'> {
  const opened = openedBy(input);
  return {
    listeners: resources(ListenerSchema, opened.listeners, ({ name }) => name),
    routes: resources(RouteConfigurationSchema, opened.routes, ({ name }) => name),
  };
}

function openedBy(input: Input) {
  if (input.proxy.isProxylessGrpc) return grpcListeners(input);
  return isGateway(input.proxy) ? gatewayListeners(input) : outboundListeners(input);
}

/** Which ports are served follows the endpoints; what stands on them mostly stays when these change. */
function inboundPart(input: Input, { memo, world }: Shared): Omit<Part, 'problems'> {
  if (isGateway(input.proxy) || input.proxy.isProxylessGrpc) return {};
  const served = inboundPorts(input);
  const make = (watched: ProxyIdentity, reads: Reads): Part => {
    const problems = new ProblemList();
    const own = inputFor(world, watched, reads, problems);
    const clusters = [
      ...served.map((port) => inboundClusterOf(port, own)),
      inboundPassthrough(own.snapshot.mesh.config),
    ];
    const part = {
      clusters: resources(ClusterSchema, clusters, ({ name }) => name),
      listeners: resources(ListenerSchema, inboundListeners(served, own), ({ name }) => name),
    };
    return { ...finished(part, memo), problems: problems.all };
  };
  const { clusters, listeners, problems } = memo.inbound(served).get(input.proxy, world, make, input.reads);
  for (const { object, message } of problems) input.report(object, message);
  return { clusters, listeners };
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
