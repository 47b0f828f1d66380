/** How a cluster chooses among its endpoints. */

import {
  type ClusterSchema,
  Cluster_LbPolicy,
  type Cluster_SlowStartConfigSchema,
} from '../proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { type Init, durationOf } from '../values.ts';
import type { EffectivePolicy } from '../../model/traffic-policy.ts';

type ClusterInit = Init<typeof ClusterSchema>;
type Balancer = NonNullable<EffectivePolicy['loadBalancer']>;

/** Endpoints are not chosen at all: connections go where the client wanted them. */
export function isPassthrough(policy: EffectivePolicy): boolean {
  return policy.loadBalancer?.simple === 'PASSTHROUGH' && policy.loadBalancer.consistentHash === undefined;
}

/** The fields of a cluster that say how it balances; least requests unless something else is said. */
export function loadBalancing(policy: EffectivePolicy): Pick<ClusterInit, 'lbPolicy' | 'lbConfig'> {
  const balancer = policy.loadBalancer ?? {};
  if (balancer.consistentHash !== undefined) return hashing(balancer.consistentHash);
  const slowStart = slowStartOf(balancer);
  switch (balancer.simple) {
    case 'RANDOM':
      return { lbPolicy: Cluster_LbPolicy.RANDOM };
    case 'ROUND_ROBIN':
      return {
        lbPolicy: Cluster_LbPolicy.ROUND_ROBIN,
        ...(slowStart !== undefined && {
          lbConfig: { case: 'roundRobinLbConfig' as const, value: { slowStartConfig: slowStart } },
        }),
      };
    default:
      return {
        lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
        ...(slowStart !== undefined && {
          lbConfig: { case: 'leastRequestLbConfig' as const, value: { slowStartConfig: slowStart } },
        }),
      };
  }
}

function hashing(hash: NonNullable<Balancer['consistentHash']>): Pick<ClusterInit, 'lbPolicy' | 'lbConfig'> {
  if (hash.maglev !== undefined) {
    const size = hash.maglev.tableSize ?? 0;
    return {
      lbPolicy: Cluster_LbPolicy.MAGLEV,
      ...(size !== 0 && {
        lbConfig: { case: 'maglevLbConfig' as const, value: { tableSize: BigInt(size) } },
      }),
    };
  }
  const size = hash.ringHash?.minimumRingSize ?? hash.minimumRingSize ?? 0;
  return {
    lbPolicy: Cluster_LbPolicy.RING_HASH,
    lbConfig: {
      case: 'ringHashLbConfig',
      value: { minimumRingSize: BigInt(size === 0 ? 1024 : size) },
    },
  };
}

function slowStartOf(balancer: Balancer): Init<typeof Cluster_SlowStartConfigSchema> | undefined {
  const { warmup } = balancer;
  const slowStartWindow = durationOf(warmup?.duration ?? balancer.warmupDurationSecs);
  if (slowStartWindow === undefined) return undefined;
  if (warmup === undefined) return { slowStartWindow };
  return {
    slowStartWindow,
    aggression: { defaultValue: warmup.aggression ?? 1, runtimeKey: 'warmup.aggression' },
    minWeightPercent: { value: warmup.minimumPercent ?? 10 },
  };
}
