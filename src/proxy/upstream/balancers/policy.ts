/** Which balancer a cluster has: by `lb_policy` and its settings, or by `load_balancing_policy`. */

import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  Cluster_RingHashLbConfig_HashFunction,
} from '../../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { InvalidConfigError, refuseFields } from '../../config-error.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { BalancerEnvironment, BalancerFactory } from './balancer.ts';
import { AGGREGATE_TYPE } from '../aggregate.ts';
import { ZONE_AWARE, choiceCount, maglevHash, ringHash, slowStartOf, subsets } from './settings.ts';
import { typedPolicy } from './typed-policy.ts';
import { leastRequest, randomChoice, roundRobin } from './weighted.ts';

export interface BalancerChoice {
  /** All but `balancer`: the cluster makes endpoints as they are asked for. */
  readonly kind: 'balancer' | 'original-destination' | 'dynamic' | 'aggregate';
  readonly create: BalancerFactory;
  readonly locality: BalancerEnvironment['locality'];
  readonly panicThreshold: number;
}

/** Throws an `UnsupportedError` or `InvalidConfigError` that names the field. */
export function balancerChoice(owner: string, cluster: Cluster, scope: StatsScope): BalancerChoice {
  const common = cluster.commonLbConfig;
  refuseFields(`${owner}.common_lb_config`, {
    override_host_status: (common?.overrideHostStatus?.statuses ?? []).length > 0,
  });
  const { value: panic = 50 } = common?.healthyPanicThreshold ?? {};
  if (!(panic >= 0 && panic <= 100))
    throw new InvalidConfigError(`${owner}.common_lb_config.healthy_panic_threshold`, 'not from 0 to 100');
  const panicThreshold = Math.round(panic);
  const shared = { panicThreshold, locality: legacyLocality(cluster) };
  const isOriginal =
    cluster.clusterDiscoveryType.case === 'type' &&
    cluster.clusterDiscoveryType.value === Cluster_DiscoveryType.ORIGINAL_DST;
  const provided =
    cluster.lbPolicy === Cluster_LbPolicy.CLUSTER_PROVIDED && cluster.loadBalancingPolicy === undefined;
  if (cluster.clusterDiscoveryType.case === 'clusterType') {
    if (!provided) throw new InvalidConfigError(`${owner}.lb_policy`, 'this type needs CLUSTER_PROVIDED');
    const isAggregate = cluster.clusterDiscoveryType.value.name === AGGREGATE_TYPE;
    return {
      ...shared,
      kind: isAggregate ? 'aggregate' : 'dynamic',
      create: () => ({ choose: () => undefined }),
    };
  }
  if (isOriginal || provided) {
    if (!isOriginal) {
      throw new InvalidConfigError(
        `${owner}.lb_policy`,
        'CLUSTER_PROVIDED is for clusters of type ORIGINAL_DST',
      );
    }
    if (!provided && cluster.loadBalancingPolicy === undefined) {
      throw new InvalidConfigError(`${owner}.lb_policy`, 'type ORIGINAL_DST needs CLUSTER_PROVIDED');
    }
    return { ...shared, kind: 'original-destination', create: () => ({ choose: () => undefined }) };
  }
  if (cluster.loadBalancingPolicy !== undefined) {
    const field = `${owner}.load_balancing_policy`;
    return { ...shared, kind: 'balancer', ...typedPolicy(field, cluster.loadBalancingPolicy, scope) };
  }
  const create = legacyBalancer(owner, cluster, scope);
  return { ...shared, kind: 'balancer', create: withSubsets(owner, cluster, create, scope) };
}

function legacyLocality({ commonLbConfig }: Cluster): BalancerEnvironment['locality'] {
  const specifier = commonLbConfig?.localityConfigSpecifier;
  if (specifier?.case === 'localityWeightedLbConfig') return 'weighted';
  if (specifier?.case !== 'zoneAwareLbConfig') return ZONE_AWARE;
  const { routingEnabled, minClusterSize, failTrafficOnPanic } = specifier.value;
  return {
    routingEnabled: routingEnabled?.value ?? 100,
    minClusterSize: Number(minClusterSize ?? 6n),
    failTrafficOnPanic,
    forceLocalityDirectRouting: false,
  };
}

function legacyBalancer(owner: string, cluster: Cluster, scope: StatsScope): BalancerFactory {
  const { lbConfig } = cluster;
  const consistent = cluster.commonLbConfig?.consistentHashingLbConfig;
  const hashing = {
    weighsLocalities: legacyLocality(cluster) === 'weighted',
    useHostname: consistent?.useHostnameForHashing === true,
    balanceFactor: consistent?.hashBalanceFactor ?? 0,
  };
  const isStrictDns =
    cluster.clusterDiscoveryType.case === 'type' &&
    cluster.clusterDiscoveryType.value === Cluster_DiscoveryType.STRICT_DNS;
  if (hashing.useHostname && !isStrictDns) {
    throw new InvalidConfigError(
      `${owner}.common_lb_config.consistent_hashing_lb_config.use_hostname_for_hashing`,
      'needs type STRICT_DNS',
    );
  }
  switch (cluster.lbPolicy) {
    case Cluster_LbPolicy.ROUND_ROBIN: {
      const config = lbConfig.case === 'roundRobinLbConfig' ? lbConfig.value.slowStartConfig : undefined;
      const slowStart = slowStartOf(`${owner}.round_robin_lb_config`, config);
      return (environment) => roundRobin(environment, slowStart);
    }
    case Cluster_LbPolicy.LEAST_REQUEST: {
      const config = lbConfig.case === 'leastRequestLbConfig' ? lbConfig.value : undefined;
      const slowStart = slowStartOf(`${owner}.least_request_lb_config`, config?.slowStartConfig);
      const choices = choiceCount(`${owner}.least_request_lb_config`, config?.choiceCount);
      const activeRequestBias = config?.activeRequestBias?.defaultValue ?? 1;
      return (environment) =>
        leastRequest(environment, { choices, activeRequestBias, fullScan: false, slowStart });
    }
    case Cluster_LbPolicy.RANDOM:
      return randomChoice;
    case Cluster_LbPolicy.RING_HASH: {
      const config = lbConfig.case === 'ringHashLbConfig' ? lbConfig.value : undefined;
      const murmur = config?.hashFunction === Cluster_RingHashLbConfig_HashFunction.MURMUR_HASH_2;
      return ringHash(`${owner}.ring_hash_lb_config`, { ...hashing, ...config, murmur }, scope);
    }
    case Cluster_LbPolicy.MAGLEV: {
      const size = lbConfig.case === 'maglevLbConfig' ? lbConfig.value.tableSize : undefined;
      return maglevHash(`${owner}.maglev_lb_config`, { ...hashing, tableSize: size }, scope);
    }
    default:
      throw new InvalidConfigError(`${owner}.lb_policy`, `${cluster.lbPolicy} is no balancer here`);
  }
}

function withSubsets(
  owner: string,
  cluster: Cluster,
  inner: BalancerFactory,
  scope: StatsScope,
): BalancerFactory {
  const config = cluster.lbSubsetConfig;
  if (config === undefined) return inner;
  return subsets(`${owner}.lb_subset_config`, config, inner, scope);
}
