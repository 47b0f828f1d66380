/** Pieces of both ways to choose a balancer: sizes, slow start, subsets. */

import type { JsonObject } from '@bufbuild/protobuf';
import type { Duration } from '@bufbuild/protobuf/wkt';
import {
  Cluster_LbSubsetConfig_LbSubsetFallbackPolicy as LegacyFallback,
  Cluster_LbSubsetConfig_LbSubsetSelector_LbSubsetSelectorFallbackPolicy as LegacySelectorFallback,
} from '../../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { InvalidConfigError, milliseconds } from '../../config-error.ts';
import { UnsupportedError } from '../../route/unsupported.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { BalancerFactory, ZoneAware } from './balancer.ts';
import { consistentHash, maglev, ring } from './consistent-hash.ts';
import type { SlowStart } from './slow-start.ts';
import { type Fallback, SubsetBalancer, type SubsetOptions, type SubsetSelector } from './subset.ts';

/** Envoy's defaults. */
export const ZONE_AWARE: ZoneAware = {
  routingEnabled: 100,
  minClusterSize: 6,
  failTrafficOnPanic: false,
  forceLocalityDirectRouting: false,
};

/** At least 2 are compared. */
export function choiceCount(field: string, count: number | undefined): number {
  if (count !== undefined && count < 2) throw new InvalidConfigError(`${field}.choice_count`, 'below 2');
  return count ?? 2;
}

interface HashingConfig {
  readonly weighsLocalities: boolean;
  readonly useHostname: boolean;
  readonly balanceFactor: number;
}

/** The sizes are Envoy's: at least 1,024 points, at most 8,388,608. */
export function ringHash(
  field: string,
  config: HashingConfig & {
    minimumRingSize?: bigint | undefined;
    maximumRingSize?: bigint | undefined;
    murmur: boolean;
  },
  scope: StatsScope,
): BalancerFactory {
  const minimum = Number(config.minimumRingSize ?? 1024n);
  const maximum = Number(config.maximumRingSize ?? 8_388_608n);
  if (maximum > 8_388_608) throw new InvalidConfigError(`${field}.maximum_ring_size`, 'above 8388608');
  if (minimum > maximum)
    throw new InvalidConfigError(`${field}.minimum_ring_size`, 'above maximum_ring_size');
  checkBalanceFactor(field, config.balanceFactor);
  const stats = scope.scope('ring_hash_lb.');
  const [size, least, most] = [
    stats.gauge('size'),
    stats.gauge('min_hashes_per_host'),
    stats.gauge('max_hashes_per_host'),
  ];
  const hashFunction = config.murmur ? 'murmur2' : 'xx';
  const options = { minimum, maximum, hashFunction, useHostname: config.useHostname } as const;
  return (environment) =>
    consistentHash(environment, config, (hosts) =>
      ring(hosts, options, (points, min, max) => {
        size.value = points;
        least.value = min;
        most.value = max;
      }),
    );
}

export function maglevHash(
  field: string,
  config: HashingConfig & { tableSize: bigint | undefined },
  scope: StatsScope,
): BalancerFactory {
  const size = Number(config.tableSize ?? 65_537n);
  if (size > 5_000_011) throw new InvalidConfigError(`${field}.table_size`, 'above 5000011');
  if (!isPrime(size)) throw new InvalidConfigError(`${field}.table_size`, 'not a prime number');
  checkBalanceFactor(field, config.balanceFactor);
  const stats = scope.scope('maglev_lb.');
  const [least, most] = [stats.gauge('min_entries_per_host'), stats.gauge('max_entries_per_host')];
  return (environment) =>
    consistentHash(environment, config, (hosts) =>
      maglev(hosts, size, config.useHostname, (min, max) => {
        least.value = min;
        most.value = max;
      }),
    );
}

function checkBalanceFactor(field: string, factor: number): void {
  if (factor !== 0 && factor < 100) throw new InvalidConfigError(`${field}.hash_balance_factor`, 'below 100');
}

function isPrime(number: number): boolean {
  if (number < 2) return false;
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}

/** Either form of SlowStartConfig. */
export function slowStartOf(
  field: string,
  config:
    | {
        readonly slowStartWindow?: Duration | undefined;
        readonly aggression?: { readonly defaultValue: number } | undefined;
        readonly minWeightPercent?: { readonly value: number } | undefined;
      }
    | undefined,
): SlowStart | undefined {
  if (config === undefined) return undefined;
  const window = milliseconds(config.slowStartWindow, 0);
  const aggression = config.aggression?.defaultValue ?? 1;
  if (aggression <= 0) throw new InvalidConfigError(`${field}.slow_start_config.aggression`, 'not above 0');
  return window <= 0
    ? undefined
    : { window, aggression, minWeight: (config.minWeightPercent?.value ?? 10) / 100 };
}

interface SubsetConfig {
  readonly fallbackPolicy: number;
  readonly defaultSubset?: JsonObject | undefined;
  readonly subsetSelectors: readonly {
    readonly keys: readonly string[];
    readonly singleHostPerSubset: boolean;
    readonly fallbackPolicy: number;
    readonly fallbackKeysSubset: readonly string[];
  }[];
  readonly localityWeightAware: boolean;
  readonly scaleLocalityWeight: boolean;
  readonly panicModeAny: boolean;
  readonly listAsAny: boolean;
  readonly metadataFallbackPolicy: number;
}

/** Either form of the settings of subsets; their enumerations have the same numbers. */
export function subsets(
  field: string,
  config: SubsetConfig,
  inner: BalancerFactory,
  scope: StatsScope,
): BalancerFactory {
  const fallbacks: Readonly<Record<number, Fallback>> = {
    [LegacyFallback.NO_FALLBACK]: 'none',
    [LegacyFallback.ANY_ENDPOINT]: 'any',
    [LegacyFallback.DEFAULT_SUBSET]: 'default',
  };
  const ofSelector: Readonly<Record<number, SubsetSelector['fallback']>> = {
    [LegacySelectorFallback.NOT_DEFINED]: undefined,
    [LegacySelectorFallback.NO_FALLBACK]: 'none',
    [LegacySelectorFallback.ANY_ENDPOINT]: 'any',
    [LegacySelectorFallback.DEFAULT_SUBSET]: 'default',
    [LegacySelectorFallback.KEYS_SUBSET]: 'keys',
  };
  if (config.scaleLocalityWeight && !config.localityWeightAware) {
    throw new InvalidConfigError(`${field}.scale_locality_weight`, 'needs locality_weight_aware');
  }
  const options: SubsetOptions = {
    fallback: fallbacks[config.fallbackPolicy] ?? 'none',
    defaultSubset: new Map(Object.entries(config.defaultSubset ?? {})),
    selectors: config.subsetSelectors.map((one, index) => {
      const where = `${field}.subset_selectors[${index}]`;
      const fallback = ofSelector[one.fallbackPolicy];
      const { keys, fallbackKeysSubset: fewer } = one;
      if (fallback === 'keys' && (fewer.length === 0 || fewer.length >= new Set(keys).size)) {
        throw new InvalidConfigError(
          `${where}.fallback_keys_subset`,
          'has to be some of the keys, and not all',
        );
      }
      if (fewer.some((key) => !keys.includes(key))) {
        throw new InvalidConfigError(
          `${where}.fallback_keys_subset`,
          'names keys that the selector does not have',
        );
      }
      const sorted = [...new Set(keys)].sort();
      return { keys: sorted, singleHost: one.singleHostPerSubset, fallback, fallbackKeys: fewer };
    }),
    localityWeightAware: config.localityWeightAware,
    scaleLocalityWeight: config.scaleLocalityWeight,
    panicModeAny: config.panicModeAny,
    listAsAny: config.listAsAny,
    metadataFallbackList: config.metadataFallbackPolicy === 1,
    inner,
  };
  const stats = {
    active: scope.gauge('lb_subsets_active'),
    created: scope.counter('lb_subsets_created'),
    removed: scope.counter('lb_subsets_removed'),
    selected: scope.counter('lb_subsets_selected'),
    fallback: scope.counter('lb_subsets_fallback'),
    fallbackPanic: scope.counter('lb_subsets_fallback_panic'),
    singleHostDuplicate: scope.gauge('lb_subsets_single_host_per_subset_duplicate'),
  };
  return (environment) => new SubsetBalancer(environment, options, stats);
}

/** For a policy that nobody knows. */
export function unknownPolicy(field: string, names: readonly string[]): never {
  throw new UnsupportedError(`${field} with ${names.length === 0 ? 'no policy' : names.join(', ')}`);
}
