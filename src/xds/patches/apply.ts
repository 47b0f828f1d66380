/** The patches of EnvoyFilters, applied to what was made for a proxy. */

import { type Message, clone } from '@bufbuild/protobuf';
import { servedPorts } from '../../model/workload-services.ts';
import type { Input } from '../input.ts';
import { inboundCluster } from '../names.ts';
import { type Cluster, ClusterSchema } from '../proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { TypedExtensionConfigSchema } from '../proto/generated/envoy/config/core/v3/extension_pb.js';
import { type Listener, ListenerSchema } from '../proto/generated/envoy/config/listener/v3/listener_pb.js';
import type { RouteConfiguration } from '../proto/generated/envoy/config/route/v3/route_pb.js';
import { CLUSTER_TYPE, EXTENSION_TYPE, LISTENER_TYPE, type Resource } from '../resource.ts';
import { addedClusters, patchCluster } from './clusters.ts';
import { addedListeners, changeManagers, patchListener } from './listeners.ts';
import { Outcome } from './outcome.ts';
import type { Patch } from './patch.ts';
import { type RoutePlace, patchRoutes } from './routes.ts';
import { type PatchContext, type PatchSet, patchesFor } from './selection.ts';

/** The lists that patches change; a list that is absent stays so. */
export interface Patchable {
  readonly clusters?: readonly Resource[];
  readonly listeners?: readonly Resource[];
  readonly routes?: readonly Resource[];
}

/** The same with the proxy's patches applied. Reports those that cannot be. */
export function applyPatches<Part extends Patchable>(
  part: Part,
  direction: 'inbound' | 'outbound',
  input: Input,
): Part {
  if (Object.keys(part).length === 0) return part;
  const all = patchesFor(input);
  if (all.isEmpty) return part;
  const isGateway = input.proxy.type === 'router';
  const sidecar = direction === 'inbound' ? 'SIDECAR_INBOUND' : 'SIDECAR_OUTBOUND';
  const context: PatchContext = isGateway ? 'GATEWAY' : sidecar;
  const patches = all.in(context);
  const { clusters, listeners, routes } = part;
  const hasRoutes = patches.has('ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE');
  const hasListeners = patches.has(
    ...(['LISTENER', 'LISTENER_FILTER', 'FILTER_CHAIN', 'NETWORK_FILTER', 'HTTP_FILTER'] as const),
  );
  const place = (): RoutePlace => ({ context, servicePorts: isGateway ? servicePorts(input) : new Map() });
  return {
    ...part,
    ...(clusters !== undefined &&
      patches.has('CLUSTER') && { clusters: patchClusters(clusters, patches, context, input) }),
    ...(listeners !== undefined &&
      (hasListeners || hasRoutes) && {
        listeners: patchListeners(listeners, patches, hasRoutes ? place() : undefined, context, input),
      }),
    ...(routes !== undefined && hasRoutes && { routes: patchAllRoutes(routes, patches, place(), input) }),
  };
}

/** Configurations of extensions that patches add; a listener asks for them by name. */
export function addedExtensions(input: Input): readonly Resource[] {
  const found = new Map<string, Resource>();
  for (const patch of patchesFor(input).of('EXTENSION_CONFIG')) {
    add(found, EXTENSION_TYPE, clone(TypedExtensionConfigSchema, patch.value), patch, input);
  }
  return [...found.values()];
}

function patchClusters(
  clusters: readonly Resource[],
  patches: PatchSet,
  context: PatchContext,
  input: Input,
): readonly Resource[] {
  const hosts = context === 'SIDECAR_INBOUND' ? inboundHosts(input) : new Map<string, string[]>();
  const found = changed(clusters, input, (message, outcome) => {
    const cluster = message as Cluster;
    return patchCluster(cluster, hosts.get(cluster.name) ?? [], patches, outcome);
  });
  for (const patch of addedClusters(context, patches)) {
    add(found, CLUSTER_TYPE, clone(ClusterSchema, patch.value), patch, input);
  }
  return [...found.values()];
}

function patchListeners(
  listeners: readonly Resource[],
  patches: PatchSet,
  routes: RoutePlace | undefined,
  context: PatchContext,
  input: Input,
): readonly Resource[] {
  const found = changed(listeners, input, (message, outcome) => {
    const listener = message as Listener;
    const routed = routes === undefined ? listener : patchOwnRoutes(listener, patches, routes, outcome);
    return patchListener(routed, patches, outcome);
  });
  for (const patch of addedListeners(context, patches)) {
    add(found, LISTENER_TYPE, clone(ListenerSchema, patch.value), patch, input);
  }
  return [...found.values()];
}

/** Connection managers may hold their routes themselves: those for inbound requests do. */
function patchOwnRoutes(
  listener: Listener,
  patches: PatchSet,
  place: RoutePlace,
  outcome: Outcome,
): Listener {
  return changeManagers(listener, (manager) => {
    const { routeSpecifier } = manager;
    if (routeSpecifier.case !== 'routeConfig') return false;
    const value = patchRoutes(routeSpecifier.value, patches, place, outcome);
    if (value === routeSpecifier.value) return false;
    manager.routeSpecifier = { case: 'routeConfig', value };
    return true;
  });
}

function patchAllRoutes(
  routes: readonly Resource[],
  patches: PatchSet,
  place: RoutePlace,
  input: Input,
): readonly Resource[] {
  const found = changed(routes, input, (message, outcome) =>
    patchRoutes(message as RouteConfiguration, patches, place, outcome),
  );
  return [...found.values()];
}

/** The resources as `change` makes them, by name; what it makes nothing of is left out. */
function changed(
  resources: readonly Resource[],
  input: Input,
  change: (message: Message, outcome: Outcome) => (Message & { readonly name: string }) | undefined,
): Map<string, Resource> {
  const found = new Map<string, Resource>();
  for (const resource of resources) {
    const outcome = new Outcome(input.report);
    const message = change(resource.message, outcome);
    if (message === undefined) continue;
    const { changedBy } = outcome;
    const { name } = message;
    if (found.has(name)) {
      for (const object of changedBy) {
        input.report(object, `Two resources have the name ${name} now: only the first of them is served.`);
      }
    } else if (message === resource.message) found.set(name, resource);
    else found.set(name, { typeUrl: resource.typeUrl, name, message, changedBy });
  }
  return found;
}

function add(
  found: Map<string, Resource>,
  typeUrl: string,
  message: Message & { readonly name: string },
  { object, place }: Patch,
  input: Input,
): void {
  const { name } = message;
  if (found.has(name))
    input.report(object, `${place} adds nothing: there is already something called ${name}.`);
  else found.set(name, { typeUrl, name, message, changedBy: [object] });
}

/** By name of the inbound cluster: the services that requests to it are for. */
function inboundHosts({ proxy, snapshot }: Input): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const { service, targetPort } of servedPorts(proxy, snapshot)) {
    const name = inboundCluster(targetPort);
    hosts.set(name, [...(hosts.get(name) ?? []), service.hostname]);
  }
  return hosts;
}

/** By port of the proxy: the ports of its services that lead there. */
function servicePorts({ proxy, snapshot }: Input): ReadonlyMap<number, ReadonlySet<number>> {
  const ports = new Map<number, Set<number>>();
  for (const { port, targetPort } of servedPorts(proxy, snapshot)) {
    ports.set(targetPort, new Set([...(ports.get(targetPort) ?? []), port.number]));
  }
  return ports;
}
