/** The mesh as one proxy has to see it: all resources of the Envoy API, and what could not be put into them. */

import { create, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import type { KindKey } from '../api/kind-info.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { inboundClusterOf } from './clusters/inbound.ts';
import { blackHole, inboundPassthrough, passthrough } from './clusters/fixed.ts';
import { outboundClusterOf } from './clusters/outbound.ts';
import { type Target, targetsOf } from './clusters/targets.ts';
import { assignmentOf } from './endpoints/assignments.ts';
import { grpcClusters } from './grpc/clusters.ts';
import { grpcListeners } from './grpc/listeners.ts';
import type { Input } from './input.ts';
import { gatewayListeners } from './listeners/gateway.ts';
import { type InboundPort, inboundPorts } from './listeners/inbound-ports.ts';
import { inboundListeners } from './listeners/inbound.ts';
import { outboundListeners } from './listeners/outbound.ts';
import { Memo, type ReadKinds } from './memo.ts';
import { addedExtensions, applyPatches } from './patches/apply.ts';
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

/** A part of what a proxy gets, and what of the configuration does not hold in it. */
interface Part {
  readonly clusters?: readonly Resource[];
  readonly endpoints?: readonly Resource[];
  readonly listeners?: readonly Resource[];
  readonly routes?: readonly Resource[];
  readonly extensions?: readonly Resource[];
  readonly problems: readonly TranslationProblem[];
}

type PartBuilder = (input: Input, memo: TranslationMemo, onUse: ReadKinds) => Omit<Part, 'problems'>;

/** Made apart because they depend on different things: what changes in one leaves the others as they are. */
const PARTS: readonly PartBuilder[] = [
  (input) => applyPatches(outboundClusters(input), 'outbound', input),
  outboundEndpoints,
  (input) => applyPatches(openedListeners(input), 'outbound', input),
  (input, memo, onUse) => applyPatches(inboundPart(input, memo, onUse), 'inbound', input),
  (input) => ({ extensions: addedExtensions(input) }),
  (input) => {
    reportUnenforced(input);
    return {};
  },
];

/** The endpoints of one target, for all namespaces that reach it. Holds for one snapshot. */
class AssignmentMemo {
  readonly #byName = new Map<string, { target: Target; memo: Memo<readonly Resource[]> }>();

  get(target: Target, input: Input): readonly Resource[] {
    // Whoever asks depends on the endpoints, also when they are remembered.
    const { endpoints: _endpoints } = input.snapshot;
    let known = this.#byName.get(target.name);
    if (known === undefined || !isSameTarget(known.target, target)) {
      known = { target, memo: new Memo() };
      this.#byName.set(target.name, known);
    }
    return known.memo.get(input.proxy, (proxy) => {
      const assignment = assignmentOf(target, { ...input, proxy });
      const assignments = assignment === undefined ? [] : [assignment];
      return resources(ClusterLoadAssignmentSchema, assignments, ({ clusterName }) => clusterName);
    });
  }

  clear(): void {
    this.#byName.clear();
  }
}

/** Namespaces may see different services under one host, and different rules for one service. */
function isSameTarget(one: Target, other: Target): boolean {
  return (
    one.service.object === other.service.object && one.rule === other.rule && one.subset === other.subset
  );
}

/** What translations of one mesh share, over proxies and over time. Tell it of changes before using it again. */
export class TranslationMemo {
  readonly parts = PARTS.map(() => new Memo<Part>());
  readonly assignments = new AssignmentMemo();
  readonly #inbound = new Map<string, Memo<Part>>();
  readonly #joined = new WeakMap<readonly Resource[], WeakMap<readonly Resource[], readonly Resource[]>>();

  /** The mesh has changed in objects of these kinds; undefined when its settings have. */
  changed(kinds: ReadonlySet<KindKey> | undefined): void {
    this.assignments.clear();
    for (const part of [...this.parts, ...this.#inbound.values()]) {
      if (kinds === undefined) part.clear();
      else part.forget(kinds);
    }
    for (const [key, part] of this.#inbound) if (part.isEmpty) this.#inbound.delete(key);
  }

  /** What has been made for these ports. */
  inbound(served: readonly InboundPort[]): Memo<Part> {
    const key = JSON.stringify(served);
    let memo = this.#inbound.get(key);
    if (memo === undefined) this.#inbound.set(key, (memo = new Memo()));
    return memo;
  }

  /** Both lists as one, the same one each time. Of one name the first counts. */
  join(one: readonly Resource[], other: readonly Resource[]): readonly Resource[] {
    if (other.length === 0) return one;
    if (one.length === 0) return other;
    let found = this.#joined.get(one);
    if (found === undefined) this.#joined.set(one, (found = new WeakMap()));
    let joined = found.get(other);
    if (joined === undefined) {
      const names = new Set(other.map(({ name }) => name));
      const taken = new Set(one.filter(({ name }) => names.has(name)).map(({ name }) => name));
      joined = [...one, ...other.filter(({ name }) => !taken.has(name))];
      found.set(other, joined);
    }
    return joined;
  }
}

/** Pure: the same snapshot and proxy give the same resources. `memo` saves making them again. */
export function translate(
  snapshot: Snapshot,
  proxy: ProxyIdentity,
  memo: TranslationMemo = new TranslationMemo(),
): Translated {
  const parts = PARTS.map((build, index) => {
    const make = (watched: ProxyIdentity, onRead: ReadKinds): Part => {
      const problems = new ProblemList();
      const part = build(inputFor(snapshot.recording(onRead), watched, problems), memo, onRead);
      return { ...part, problems: problems.all };
    };
    return memo.parts[index]?.get(proxy, make) ?? make(proxy, () => {});
  });
  const problems = new ProblemList();
  for (const part of parts) for (const { object, message } of part.problems) problems.report(object, message);
  const all = (list: keyof ProxyResources): readonly Resource[] =>
    parts.map((part) => part[list] ?? []).reduce((one, other) => memo.join(one, other));
  return {
    clusters: all('clusters'),
    endpoints: all('endpoints'),
    listeners: all('listeners'),
    routes: all('routes'),
    extensions: all('extensions'),
    problems: problems.all,
  };
}

function inputFor(snapshot: Snapshot, proxy: ProxyIdentity, problems: ProblemList): Input {
  const scopes = snapshot.sidecarScopes;
  const scope = isGateway(proxy)
    ? scopes.ofGateway(proxy.namespace)
    : scopes.of(proxy.namespace, proxy.labels);
  return { snapshot, proxy, scope, report: problems.report };
}

function isGateway(proxy: ProxyIdentity): boolean {
  return proxy.type === 'router';
}

function outboundClusters(input: Input): Omit<Part, 'problems'> {
  if (input.proxy.isProxylessGrpc) {
    return { clusters: resources(ClusterSchema, grpcClusters(input), ({ name }) => name) };
  }
  const mesh = input.snapshot.mesh.config;
  const outbound = targetsOf(input).flatMap((target) => outboundClusterOf(target, input) ?? []);
  const fixed = isGateway(input.proxy) ? [blackHole(mesh)] : [blackHole(mesh), passthrough(mesh)];
  return { clusters: resources(ClusterSchema, [...outbound, ...fixed], ({ name }) => name) };
}

function outboundEndpoints(input: Input, { assignments }: TranslationMemo): Omit<Part, 'problems'> {
  return {
    endpoints: targetsOf(input)
      .filter(({ discovery }) => discovery === 'eds')
      .flatMap((target) => assignments.get(target, input)),
  };
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
function inboundPart(input: Input, memo: TranslationMemo, onUse: ReadKinds): Omit<Part, 'problems'> {
  if (isGateway(input.proxy) || input.proxy.isProxylessGrpc) return {};
  const served = inboundPorts(input);
  const make = (watched: ProxyIdentity, onRead: ReadKinds): Part => {
    const problems = new ProblemList();
    const own = inputFor(input.snapshot.recording(onRead), watched, problems);
    const clusters = [
      ...served.map((port) => inboundClusterOf(port, own)),
      inboundPassthrough(own.snapshot.mesh.config),
    ];
    return {
      clusters: resources(ClusterSchema, clusters, ({ name }) => name),
      listeners: resources(ListenerSchema, inboundListeners(served, own), ({ name }) => name),
      problems: problems.all,
    };
  };
  const { clusters, listeners, problems } = memo.inbound(served).get(input.proxy, make, onUse);
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
