/** The same key goes to the same endpoint, as long as the endpoints stay: on a ring, or in a Maglev table. */

import { murmurHash2 } from '../../../base/murmur-hash2.ts';
import { xxHash64 } from '../../../base/xxhash64.ts';
import type { Endpoint } from '../host.ts';
import type { HostSet } from '../host-set.ts';
import type { LoadBalancerContext } from '../types.ts';
import { type Balancer, type BalancerEnvironment, chooseAccepted } from './balancer.ts';
import { type PriorityLoads, choosePriority, priorityLoads } from './priority-load.ts';
import { boundedLoad } from './bounded-load.ts';

export interface WeightedHost {
  readonly host: Endpoint;
  /** All together make 1. */
  readonly weight: number;
}

/** Finds an endpoint by a hash; `attempt` above 0 asks for another one. */
export type HashTable = (hash: bigint, attempt: number) => Endpoint | undefined;

export interface ConsistentHashOptions {
  readonly weighsLocalities: boolean;
  readonly useHostname: boolean;
  /** In percent of the mean load; 0 for no bound. */
  readonly balanceFactor: number;
}

/** A balancer that asks one table for each priority; tables are made when they are first asked for. */
export function consistentHash(
  environment: BalancerEnvironment,
  options: ConsistentHashOptions,
  build: (hosts: readonly WeightedHost[]) => HashTable,
): Balancer {
  const { hosts, random, stats, panicThreshold } = environment;
  let version = -1;
  let loads: PriorityLoads = { healthy: [], degraded: [], panic: [] };
  let tables: (HashTable | undefined)[] = [];
  const tableOf = (priority: number) => {
    const set = hosts.sets[priority];
    if (set === undefined) return undefined;
    const weighted = normalized(set, loads.panic[priority] === true, options.weighsLocalities);
    const table = build(weighted);
    return options.balanceFactor === 0
      ? table
      : boundedLoad(table, weighted, options.balanceFactor, environment.activeRequests);
  };
  return {
    choose: (context: LoadBalancerContext) => {
      if (hosts.version !== version) {
        version = hosts.version;
        loads = priorityLoads(hosts.sets, panicThreshold);
        tables = [];
      }
      const hash = context.hash() ?? (BigInt(random()) << 32n) | BigInt(random());
      const { priority } =
        context.only ?? (hosts.sets.length === 1 ? FIRST : choosePriority(loads, Number(hash % 100n)));
      if (loads.panic[priority] === true) stats.healthyPanic.value++;
      const table = (tables[priority] ??= tableOf(priority));
      return table === undefined ? undefined : chooseAccepted(context, (attempt) => table(hash, attempt));
    },
  };
}

const FIRST = { priority: 0 };

/** What of an endpoint is hashed: `hash_key` of its `envoy.lb` metadata, its host name, or its address. */
export function hashKeyOf(host: Endpoint, useHostname: boolean): string {
  const own = host.metadata?.filterMetadata['envoy.lb']?.['hash_key'];
  if (typeof own === 'string' && own !== '') return own;
  return useHostname ? host.hostname : host.id;
}

export type HashFunction = 'xx' | 'murmur2';

export interface RingOptions {
  readonly minimum: number;
  readonly maximum: number;
  readonly hashFunction: HashFunction;
  readonly useHostname: boolean;
}

/** A ring as ketama has it: endpoints stand on it as often as they weigh. */
export function ring(
  hosts: readonly WeightedHost[],
  options: RingOptions,
  report: (size: number, least: number, most: number) => void,
): HashTable {
  if (hosts.length === 0) return () => undefined;
  const hashOf = options.hashFunction === 'xx' ? xxHash64 : murmurHash2;
  const smallest = hosts.reduce((least, { weight }) => Math.min(least, weight), 1);
  const scale = Math.min(Math.ceil(smallest * options.minimum) / smallest, options.maximum);
  const points: { hash: bigint; host: Endpoint }[] = [];
  let target = 0;
  let least = Math.ceil(scale);
  let most = 0;
  for (const { host, weight } of hosts) {
    const key = `${hashKeyOf(host, options.useHostname)}_`;
    target += scale * weight;
    let count = 0;
    for (; points.length < target; count++) points.push({ hash: hashOf(key + count), host });
    least = Math.min(least, count);
    most = Math.max(most, count);
  }
  points.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
  report(Math.ceil(scale), least, most);
  const hashes = BigUint64Array.from(points, ({ hash }) => hash);
  return (hash, attempt) => {
    // The first point at or after the hash; after the last comes the first.
    let from = 0;
    let to = hashes.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((hashes[middle] ?? 0n) < hash) from = middle + 1;
      else to = middle;
    }
    return points[((from === points.length ? 0 : from) + attempt) % points.length]?.host;
  };
}

/** https://research.google/pubs/pub44824/, with weights. The size must be a prime number. */
export function maglev(
  hosts: readonly WeightedHost[],
  size: number,
  useHostname: boolean,
  report: (least: number, most: number) => void,
): HashTable {
  if (hosts.length === 0) return () => undefined;
  const modulus = BigInt(size);
  const greatest = hosts.reduce((most, { weight }) => Math.max(most, weight), 0);
  const entries = hosts
    .map(({ host, weight }) => ({ host, weight, key: hashKeyOf(host, useHostname) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ host, weight, key }) => ({
      host,
      weight,
      position: Number(xxHash64(key) % modulus),
      skip: Number(xxHash64(key, 1) % (modulus - 1n)) + 1,
      target: 0,
      count: 0,
    }));
  const table: (Endpoint | undefined)[] = Array.from({ length: size });
  let filled = 0;
  for (let iteration = 1; filled < size; iteration++) {
    for (const entry of entries) {
      if (filled >= size) break;
      // The heaviest has a turn in each round, one of half its weight in every second.
      if (iteration * entry.weight < entry.target) continue;
      entry.target += greatest;
      while (table[entry.position] !== undefined) entry.position = (entry.position + entry.skip) % size;
      table[entry.position] = entry.host;
      entry.position = (entry.position + entry.skip) % size;
      entry.count++;
      filled++;
    }
  }
  const counts = entries.map(({ count }) => count);
  report(Math.min(...counts), Math.max(...counts));
  return (hash, attempt) => {
    const moved = attempt === 0 ? hash : hash ^ BigInt.asUintN(64, -BigInt(attempt));
    return table[Number(moved % modulus)];
  };
}

function normalized(set: HostSet, inPanic: boolean, weighsLocalities: boolean): readonly WeightedHost[] {
  const some = (one: { readonly all: readonly Endpoint[]; readonly healthy: readonly Endpoint[] }) =>
    inPanic ? one.all : one.healthy;
  const localities = weighsLocalities ? set.localities : [];
  const total = localities.reduce((sum, { weight }) => sum + weight, 0);
  if (!weighsLocalities) return shares(some(set), 1);
  return localities.flatMap((one) => (one.weight === 0 ? [] : shares(some(one), one.weight / total)));
}

function shares(hosts: readonly Endpoint[], whole: number): readonly WeightedHost[] {
  const total = hosts.reduce((sum, { weight }) => sum + weight, 0);
  return hosts.map((host) => ({ host, weight: (host.weight * whole) / total }));
}
