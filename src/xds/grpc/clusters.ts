/** Clusters for gRPC applications without a proxy, which know fewer settings than Envoy. */

import { outboundClusterOf } from '../clusters/outbound.ts';
import type { ClusterInit } from '../clusters/fixed.ts';
import { type Target, targetsOf } from '../clusters/targets.ts';
import type { Input } from '../input.ts';
import { Cluster_LbPolicy } from '../proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { defined } from '../values.ts';

/** One for each port and subset of the services in scope. What the application would refuse is left out. */
export function grpcClusters(input: Input): readonly ClusterInit[] {
  return targetsOf(input).flatMap((target) => {
    const cluster = outboundClusterOf(target, input);
    // A cluster that is nowhere is one that such an application does not get: calls to it fail.
    const isNowhere = cluster?.edsClusterConfig === undefined && cluster?.loadAssignment === undefined;
    return cluster === undefined || isNowhere ? [] : [reduced(cluster, target, input)];
  });
}

/** https://grpc.io/docs/guides/xds/ and the proposals that it names. */
function reduced(cluster: ClusterInit, target: Target, input: Input): ClusterInit {
  const { name, clusterDiscoveryType, edsClusterConfig, loadAssignment, transportSocket, lbConfig } = cluster;
  const isHashed = cluster.lbPolicy === Cluster_LbPolicy.RING_HASH;
  const { simple, consistentHash } = target.policy.loadBalancer ?? {};
  if ((consistentHash !== undefined && !isHashed) || (simple !== undefined && simple !== 'ROUND_ROBIN')) {
    report(
      target,
      input,
      'loadBalancer is not in force in gRPC applications without a proxy: they take turns.',
    );
  }
  if (transportSocket !== undefined) {
    report(target, input, 'tls is not in force in gRPC applications without a proxy: they bring their own.');
  }
  return {
    name,
    lbPolicy: isHashed ? Cluster_LbPolicy.RING_HASH : Cluster_LbPolicy.ROUND_ROBIN,
    ...defined({
      clusterDiscoveryType,
      edsClusterConfig,
      loadAssignment,
      circuitBreakers: cluster.circuitBreakers,
      outlierDetection: cluster.outlierDetection,
      ...(isHashed && { lbConfig }),
    }),
  };
}

function report({ rule }: Target, input: Input, message: string): void {
  if (rule === undefined) return;
  const object = { kind: 'DestinationRule', namespace: rule.namespace, name: rule.name };
  input.report(object, `trafficPolicy.${message}`);
}
