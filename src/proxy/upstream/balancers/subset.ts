/** Balances among the endpoints whose metadata is as the route wants it. */

import type { Endpoint } from '../host.ts';
import { HostSet, type PrioritySet } from '../host-set.ts';
import type { LoadBalancerContext } from '../types.ts';
import type { Balancer, BalancerEnvironment, BalancerFactory } from './balancer.ts';

export type Fallback = 'none' | 'any' | 'default';

export interface SubsetSelector {
  /** In the order of their names. */
  readonly keys: readonly string[];
  readonly singleHost: boolean;
  /** Undefined for the policy of all. */
  readonly fallback: Fallback | 'keys' | undefined;
  readonly fallbackKeys: readonly string[];
}

/** https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/subsets */
export interface SubsetOptions {
  readonly fallback: Fallback;
  readonly defaultSubset: ReadonlyMap<string, unknown>;
  readonly selectors: readonly SubsetSelector[];
  readonly localityWeightAware: boolean;
  readonly scaleLocalityWeight: boolean;
  readonly panicModeAny: boolean;
  readonly listAsAny: boolean;
  /** `fallback_list` of the route's metadata is tried in its order. */
  readonly metadataFallbackList: boolean;
  readonly inner: BalancerFactory;
}

export interface SubsetStats {
  readonly active: { value: number };
  readonly created: { value: number };
  readonly removed: { value: number };
  readonly selected: { value: number };
  readonly fallback: { value: number };
  readonly fallbackPanic: { value: number };
  readonly singleHostDuplicate: { value: number };
}

interface Subset {
  readonly key: string;
  readonly balancer: Balancer;
}

const LB = 'envoy.lb';
const FALLBACK_LIST = 'fallback_list';
const NOTHING: ReadonlyMap<string, unknown> = new Map();

export class SubsetBalancer implements Balancer {
  readonly #environment: BalancerEnvironment;
  readonly #options: SubsetOptions;
  readonly #stats: SubsetStats;
  readonly #any: Balancer;
  readonly #subsets = new Map<string, Subset>();
  #default: Balancer | undefined;
  #known = new Set<string>();
  #version = -1;

  constructor(environment: BalancerEnvironment, options: SubsetOptions, stats: SubsetStats) {
    this.#environment = environment;
    this.#options = options;
    this.#stats = stats;
    this.#any = options.inner(environment);
  }

  choose(context: LoadBalancerContext): Endpoint | undefined {
    if (this.#environment.hosts.version !== this.#version) this.#refresh();
    const wanted = context.metadataMatch ?? NOTHING;
    if (!this.#options.metadataFallbackList) return this.#chooseFor(wanted, context);
    const list = wanted.get(FALLBACK_LIST);
    if (!Array.isArray(list)) return this.#chooseFor(wanted, context);
    const rest = new Map([...wanted].filter(([key]) => key !== FALLBACK_LIST));
    for (const entry of list) {
      const more = typeof entry === 'object' && entry !== null ? Object.entries(entry) : [];
      const host = this.#chooseFor(new Map<string, unknown>([...rest, ...more]), context);
      if (host !== undefined) return host;
    }
    return undefined;
  }

  #chooseFor(wanted: ReadonlyMap<string, unknown>, context: LoadBalancerContext): Endpoint | undefined {
    const keys = [...wanted.keys()].sort();
    const selector = this.#options.selectors.find((one) => equal(one.keys, keys));
    if (selector !== undefined) {
      const subset = this.#subset(selector, wanted);
      const host = subset?.balancer.choose(context);
      if (host !== undefined) {
        this.#stats.selected.value++;
        return host;
      }
      switch (selector.fallback) {
        case 'keys': {
          const fewer = new Map([...wanted].filter(([key]) => selector.fallbackKeys.includes(key)));
          return this.#chooseFor(fewer, context);
        }
        case 'none':
        case 'any':
        case 'default':
          return this.#fallBack(selector.fallback, context);
        case undefined:
          break;
      }
    }
    return this.#fallBack(this.#options.fallback, context);
  }

  #fallBack(policy: Fallback, context: LoadBalancerContext): Endpoint | undefined {
    const host =
      policy === 'none' ? undefined : (policy === 'any' ? this.#any : this.#ofDefault()).choose(context);
    if (host !== undefined) {
      this.#stats.fallback.value++;
      return host;
    }
    if (!this.#options.panicModeAny) return undefined;
    const any = this.#any.choose(context);
    if (any !== undefined) this.#stats.fallbackPanic.value++;
    return any;
  }

  #ofDefault(): Balancer {
    const wanted = this.#options.defaultSubset;
    return (this.#default ??= this.#balancerOf((host) => this.#fits(host, wanted)));
  }

  /** Undefined when no endpoint has such metadata. */
  #subset(selector: SubsetSelector, wanted: ReadonlyMap<string, unknown>): Subset | undefined {
    const key = subsetKey(selector.keys, (name) => wanted.get(name));
    if (!this.#known.has(key)) return undefined;
    const found = this.#subsets.get(key);
    if (found !== undefined) return found;
    const subset = { key, balancer: this.#balancerOf(this.#member(selector, wanted)) };
    this.#subsets.set(key, subset);
    return subset;
  }

  #member(selector: SubsetSelector, wanted: ReadonlyMap<string, unknown>): (host: Endpoint) => boolean {
    if (!selector.singleHost) return (host) => this.#fits(host, wanted);
    return (host) => this.#firstOf(wanted) === host;
  }

  #firstOf(wanted: ReadonlyMap<string, unknown>): Endpoint | undefined {
    for (const { all } of this.#environment.hosts.sets) {
      const found = all.find((host) => this.#fits(host, wanted));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #balancerOf(contains: (host: Endpoint) => boolean): Balancer {
    const hosts = new SubsetHosts(this.#environment.hosts, contains, this.#options);
    return this.#options.inner({ ...this.#environment, hosts });
  }

  #fits(host: Endpoint, wanted: ReadonlyMap<string, unknown>): boolean {
    const own = host.metadata?.filterMetadata[LB];
    for (const [key, value] of wanted) {
      if (own === undefined || !(key in own) || !this.#sameValue(own[key], value)) return false;
    }
    return true;
  }

  #sameValue(own: unknown, wanted: unknown): boolean {
    if (this.#options.listAsAny && Array.isArray(own))
      return own.some((one) => canonical(one) === canonical(wanted));
    return canonical(own) === canonical(wanted);
  }

  /** Which subsets there are now; those without endpoints go. */
  #refresh(): void {
    const { hosts } = this.#environment;
    this.#version = hosts.version;
    const known = new Set<string>();
    for (const { all } of hosts.sets) {
      for (const host of all) {
        const own = host.metadata?.filterMetadata[LB] ?? {};
        for (const { keys } of this.#options.selectors) {
          for (const key of this.#keysOf(own, keys)) known.add(key);
        }
      }
    }
    for (const key of known) if (!this.#known.has(key)) this.#stats.created.value++;
    for (const key of this.#known) {
      if (known.has(key)) continue;
      this.#stats.removed.value++;
      this.#subsets.delete(key);
    }
    this.#known = known;
    this.#stats.active.value = known.size;
  }

  /** Keys of the subsets of one selector that an endpoint is in: several where lists count as any of theirs. */
  #keysOf(own: Readonly<Record<string, unknown>>, keys: readonly string[]): readonly string[] {
    if (!keys.every((key) => key in own)) return [];
    let combinations: ReadonlyMap<string, unknown>[] = [NOTHING];
    for (const key of keys) {
      const value = own[key];
      const values: readonly unknown[] = this.#options.listAsAny && Array.isArray(value) ? value : [value];
      combinations = combinations.flatMap((sofar) => values.map((one) => new Map([...sofar, [key, one]])));
    }
    return combinations.map((values) => subsetKey(keys, (name) => values.get(name)));
  }
}

/** The endpoints of the cluster for which `contains` holds. */
class SubsetHosts implements PrioritySet {
  readonly #whole: PrioritySet;
  readonly #contains: (host: Endpoint) => boolean;
  readonly #options: SubsetOptions;
  #version = -1;
  #sets: readonly HostSet[] = [];

  constructor(whole: PrioritySet, contains: (host: Endpoint) => boolean, options: SubsetOptions) {
    this.#whole = whole;
    this.#contains = contains;
    this.#options = options;
  }

  get version(): number {
    return this.#whole.version;
  }

  get sets(): readonly HostSet[] {
    if (this.#version !== this.#whole.version) {
      this.#version = this.#whole.version;
      this.#sets = this.#whole.sets.map((set) => {
        const hosts = set.all.filter(this.#contains);
        return new HostSet(hosts, { ...set.options, localityWeight: this.#weights(set, hosts) });
      });
    }
    return this.#sets;
  }

  #weights(set: HostSet, hosts: readonly Endpoint[]): HostSet['options']['localityWeight'] {
    const { localityWeightAware, scaleLocalityWeight } = this.#options;
    const weightOf = set.options.localityWeight;
    if (!localityWeightAware) return () => 0;
    if (!scaleLocalityWeight) return weightOf;
    return (locality) => {
      const all = set.localities.find((one) => one.locality === locality || sameKey(one.locality, locality));
      if (all === undefined || all.all.length === 0) return 0;
      const part = hosts.filter((host) => sameKey(host.locality, locality)).length;
      return Math.max(1, Math.round((weightOf(locality) * part) / all.all.length));
    };
  }
}

function sameKey(a: Endpoint['locality'], b: Endpoint['locality']): boolean {
  return a.region === b.region && a.zone === b.zone && a.subZone === b.subZone;
}

function subsetKey(keys: readonly string[], valueOf: (key: string) => unknown): string {
  return JSON.stringify(keys.map((key) => [key, canonical(valueOf(key))]));
}

/** Equal for equal values of metadata, whatever the order of their fields. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}
