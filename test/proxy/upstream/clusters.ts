/** Cluster managers with clusters written in JSON, as Envoy's configuration has them. */

import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { StatsStore } from '../../../src/proxy/stats/store.ts';
import { ClusterManager, type ClusterManagerOptions } from '../../../src/proxy/upstream/cluster-manager.ts';
import type { Cluster, LoadBalancerContext } from '../../../src/proxy/upstream/types.ts';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../../../src/xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';

export interface TestClusters {
  readonly manager: ClusterManager;
  readonly store: StatsStore;
  put(cluster: JsonObject): void;
  assign(assignment: JsonObject): void;
  get(name: string): Cluster;
  /** Value of a counter or gauge by its whole name; undefined when there is none. */
  stat(name: string): number | undefined;
}

export function testClusters(options: Partial<ClusterManagerOptions> = {}): TestClusters {
  const store = new StatsStore();
  const manager = new ClusterManager({ stats: store.root, ...options });
  return {
    manager,
    store,
    put: (cluster) => manager.put(messageFromJson(ClusterSchema, cluster)),
    assign: (assignment) => manager.assign(messageFromJson(ClusterLoadAssignmentSchema, assignment)),
    get: (name) => {
      const found = manager.get(name);
      if (found === undefined) throw new Error(`cluster ${name} is not in force`);
      return found;
    },
    stat: (name) => statOf(store, name),
  };
}

export function statOf(store: StatsStore, name: string): number | undefined {
  for (const row of store.rows()) {
    if (row.name === name && row.kind !== 'histogram') return row.value;
  }
  return undefined;
}

export interface EndpointJson {
  readonly ip?: string;
  readonly port: number;
  readonly weight?: number;
  readonly health?: string;
  readonly lb?: JsonObject;
  readonly hostname?: string;
}

export function lbEndpoint({
  ip = '127.0.0.1',
  port,
  weight,
  health,
  lb,
  hostname,
}: EndpointJson): JsonObject {
  return {
    endpoint: {
      address: { socket_address: { address: ip, port_value: port } },
      ...(hostname !== undefined && { hostname }),
    },
    ...(weight !== undefined && { load_balancing_weight: weight }),
    ...(health !== undefined && { health_status: health }),
    ...(lb !== undefined && { metadata: { filter_metadata: { 'envoy.lb': lb } } }),
  };
}

/** A load assignment with one group of endpoints for each list. */
export function assignmentOf(name: string, ...groups: readonly (readonly EndpointJson[])[]): JsonObject {
  return {
    cluster_name: name,
    endpoints: groups.map((group, priority) => ({ priority, lb_endpoints: group.map(lbEndpoint) })),
  };
}

/** A STATIC cluster named `c` with these endpoints. */
export function staticCluster(endpoints: readonly EndpointJson[], more: JsonObject = {}): JsonObject {
  return { name: 'c', load_assignment: assignmentOf('c', endpoints), ...more };
}

/** Asks for an endpoint with nothing to go by. */
export const ANY: LoadBalancerContext = {
  hash: () => undefined,
  metadataMatch: undefined,
  originalDestination: undefined,
};

/** How often each port was chosen. */
export function portsChosen(
  cluster: Cluster,
  times: number,
  context = ANY,
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let time = 0; time < times; time++) {
    const host = cluster.choose(context);
    const key = host === undefined ? 'none' : host.id.slice(host.id.lastIndexOf(':') + 1);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

export type { JsonValue };
