/** `load_balancing_policy`: a list of typed settings, of which the first that is known counts. */

import type { Any } from '@bufbuild/protobuf/wkt';
import type { LoadBalancingPolicy } from '../../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import type { LocalityLbConfig } from '../../../xds/proto/generated/envoy/extensions/load_balancing_policies/common/v3/common_pb.js';
import {
  LeastRequestSchema,
  LeastRequest_SelectionMethod,
} from '../../../xds/proto/generated/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js';
import { MaglevSchema } from '../../../xds/proto/generated/envoy/extensions/load_balancing_policies/maglev/v3/maglev_pb.js';
import { RandomSchema } from '../../../xds/proto/generated/envoy/extensions/load_balancing_policies/random/v3/random_pb.js';
import {
  RingHashSchema,
  RingHash_HashFunction,
} from '../../../xds/proto/generated/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb.js';
import { RoundRobinSchema } from '../../../xds/proto/generated/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb.js';
import { SubsetSchema } from '../../../xds/proto/generated/envoy/extensions/load_balancing_policies/subset/v3/subset_pb.js';
import { InvalidConfigError, typeNameOf, unpacked } from '../../config-error.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { BalancerEnvironment, BalancerFactory } from './balancer.ts';
import {
  ZONE_AWARE,
  choiceCount,
  maglevHash,
  ringHash,
  slowStartOf,
  subsets,
  unknownPolicy,
} from './settings.ts';
import { leastRequest, randomChoice, roundRobin } from './weighted.ts';

interface TypedChoice {
  readonly create: BalancerFactory;
  readonly locality: BalancerEnvironment['locality'];
}

type Reader = (field: string, any: Any, scope: StatsScope) => TypedChoice;

const PREFIX = 'envoy.extensions.load_balancing_policies.';

const READERS: Readonly<Record<string, Reader>> = {
  'round_robin.v3.RoundRobin': (field, any) => {
    const config = unpacked(field, any, RoundRobinSchema);
    const slowStart = slowStartOf(field, config.slowStartConfig);
    return {
      create: (environment) => roundRobin(environment, slowStart),
      locality: localityOf(config.localityLbConfig),
    };
  },
  'least_request.v3.LeastRequest': (field, any) => {
    const config = unpacked(field, any, LeastRequestSchema);
    const options = {
      choices: choiceCount(field, config.choiceCount),
      activeRequestBias: config.activeRequestBias?.defaultValue ?? 1,
      fullScan:
        config.enableFullScan === true || config.selectionMethod === LeastRequest_SelectionMethod.FULL_SCAN,
      slowStart: slowStartOf(field, config.slowStartConfig),
    };
    return {
      create: (environment) => leastRequest(environment, options),
      locality: localityOf(config.localityLbConfig),
    };
  },
  'random.v3.Random': (field, any) => ({
    create: randomChoice,
    locality: localityOf(unpacked(field, any, RandomSchema).localityLbConfig),
  }),
  'ring_hash.v3.RingHash': (field, any, scope) => {
    const config = unpacked(field, any, RingHashSchema);
    const common = config.consistentHashingLbConfig;
    const weighsLocalities = config.localityWeightedLbConfig !== undefined;
    const create = ringHash(
      field,
      {
        weighsLocalities,
        useHostname: common?.useHostnameForHashing ?? config.useHostnameForHashing,
        balanceFactor: (common === undefined ? config.hashBalanceFactor : common.hashBalanceFactor) ?? 0,
        minimumRingSize: config.minimumRingSize,
        maximumRingSize: config.maximumRingSize,
        murmur: config.hashFunction === RingHash_HashFunction.MURMUR_HASH_2,
      },
      scope,
    );
    return { create, locality: weighsLocalities ? 'weighted' : ZONE_AWARE };
  },
  'maglev.v3.Maglev': (field, any, scope) => {
    const config = unpacked(field, any, MaglevSchema);
    const weighsLocalities = config.localityWeightedLbConfig !== undefined;
    const create = maglevHash(
      field,
      {
        weighsLocalities,
        useHostname: config.consistentHashingLbConfig?.useHostnameForHashing === true,
        balanceFactor: config.consistentHashingLbConfig?.hashBalanceFactor ?? 0,
        tableSize: config.tableSize,
      },
      scope,
    );
    return { create, locality: weighsLocalities ? 'weighted' : ZONE_AWARE };
  },
  'subset.v3.Subset': (field, any, scope) => {
    const config = unpacked(field, any, SubsetSchema);
    const inner = typedPolicy(`${field}.subset_lb_policy`, config.subsetLbPolicy, scope);
    return { create: subsets(field, config, inner.create, scope), locality: inner.locality };
  },
};

/** Throws an `UnsupportedError` that names all policies when none is known. */
export function typedPolicy(
  field: string,
  config: LoadBalancingPolicy | undefined,
  scope: StatsScope,
): TypedChoice {
  const names: string[] = [];
  for (const [index, { typedExtensionConfig }] of (config?.policies ?? []).entries()) {
    const any = typedExtensionConfig?.typedConfig;
    if (any === undefined)
      throw new InvalidConfigError(`${field}.policies[${index}]`, 'its typed_config is missing');
    const type = typeNameOf(any);
    const reader = type.startsWith(PREFIX) ? READERS[type.slice(PREFIX.length)] : undefined;
    if (reader !== undefined) return reader(`${field}.policies[${index}]`, any, scope);
    names.push(typedExtensionConfig?.name ?? type);
  }
  return unknownPolicy(field, names);
}

function localityOf(config: LocalityLbConfig | undefined): BalancerEnvironment['locality'] {
  const specifier = config?.localityConfigSpecifier;
  switch (specifier?.case) {
    case 'localityWeightedLbConfig':
      return 'weighted';
    case 'zoneAwareLbConfig':
      return {
        routingEnabled: specifier.value.routingEnabled?.value ?? 100,
        minClusterSize: Number(specifier.value.minClusterSize ?? 6n),
        failTrafficOnPanic: specifier.value.failTrafficOnPanic,
        forceLocalityDirectRouting: false,
      };
    default:
      return ZONE_AWARE;
  }
}
