/** Patches of clusters. */

import { clone } from '@bufbuild/protobuf';
import { type Cluster, ClusterSchema } from '../proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import type { TransportSocket } from '../proto/generated/envoy/config/core/v3/base_pb.js';
import { mergeInto, mergedAny } from './merge.ts';
import type { Outcome } from './outcome.ts';
import type { Patch } from './patch.ts';
import type { PatchContext, PatchSet } from './selection.ts';

/**
 * The cluster with its patches applied, undefined when they remove it. `patches` are those of its context;
 * `hosts` the services that an inbound cluster is for, which its name does not tell.
 */
export function patchCluster(
  original: Cluster,
  hosts: readonly string[],
  patches: PatchSet,
  outcome: Outcome,
): Cluster | undefined {
  const meant = patches
    .of('CLUSTER')
    .filter((patch) => patch.operation !== 'ADD' && meansCluster(patch, original.name, hosts));
  if (meant.length === 0) return original;
  const cluster = clone(ClusterSchema, original);
  for (const patch of meant) {
    if (patch.operation === 'REMOVE') return undefined;
    outcome.applied(patch);
    mergeCluster(cluster, patch, outcome);
  }
  return cluster;
}

/** Clusters that patches add in this context. Those for any context are added once, for outbound requests. */
export function addedClusters(context: PatchContext, patches: PatchSet): readonly Patch<'CLUSTER'>[] {
  return patches
    .of('CLUSTER')
    .filter(
      ({ operation, match }) =>
        operation === 'ADD' && (context !== 'SIDECAR_INBOUND' || match.context === context),
    );
}

function meansCluster({ match }: Patch, name: string, hosts: readonly string[]): boolean {
  const wanted = match.cluster;
  if (wanted === undefined) return true;
  if ((wanted.name ?? '') !== '') return wanted.name === name;
  const { service = '', subset = '', portNumber = 0 } = wanted;
  const [direction, port = '', ofSubset = '', host = ''] = name.split('|');
  const named = direction === 'inbound' && hosts.length > 0 ? hosts : [host];
  return (
    (subset === '' || subset === ofSubset) &&
    (service === '' || named.includes(service)) &&
    (portNumber === 0 || portNumber === Number(port))
  );
}

function mergeCluster(cluster: Cluster, patch: Patch<'CLUSTER'>, outcome: Outcome): void {
  const rest = clone(ClusterSchema, patch.value);
  const wanted = rest.transportSocket;
  delete rest.transportSocket;
  mergeInto(ClusterSchema, cluster, rest, patch);
  if (wanted === undefined) return;
  const matches = cluster.transportSocketMatches;
  const sockets = matches.length > 0 ? matches.map((one) => one.transportSocket) : [cluster.transportSocket];
  const same = sockets.find((socket) => socket?.name === wanted.name);
  if (same !== undefined) mergeSocket(same, wanted, patch, outcome);
  else if (matches.length === 0) cluster.transportSocket = wanted;
  else {
    outcome.report(
      patch.object,
      `${patch.place} does not change the transport of ${cluster.name}: none of the transport sockets that ` +
        `its endpoints choose from is called ${wanted.name}.`,
    );
  }
}

function mergeSocket(
  socket: TransportSocket,
  wanted: TransportSocket,
  patch: Patch<'CLUSTER'>,
  outcome: Outcome,
): void {
  const now = socket.configType.value;
  const config = wanted.configType.value;
  if (config === undefined) return;
  const value = now === undefined ? config : mergedAny(now, config, patch);
  if (value !== undefined) socket.configType = { case: 'typedConfig', value };
  else {
    outcome.report(
      patch.object,
      `${patch.place} is not merged into transport socket ${socket.name}: their configurations differ in type.`,
    );
  }
}
