/**
 * Addresses of names that requests ask for, kept and asked for again while they are used. Caches are known by their names:
 * a filter fills the one that its clusters look into.
 */

import { isIP } from 'node:net';
import { equals } from '@bufbuild/protobuf';
import {
  type DnsCacheConfig,
  DnsCacheConfigSchema,
} from '../../../xds/proto/generated/envoy/extensions/common/dynamic_forward_proxy/v3/dns_cache_pb.js';
import { canonicalIp } from '../../address.ts';
import { InvalidConfigError } from '../../config-error.ts';
import type { Counter, Gauge, StatsScope } from '../../stats/stats.ts';
import { LONGEST_WAIT } from '../../route/milliseconds.ts';
import { type CacheSettings, cacheSettings } from './cache-settings.ts';
import type { DnsAddress, DnsResolver } from './resolver.ts';

/** `too-many`: there is no room for the name, or too many wait for one. */
export type LookUp = 'found' | 'missing' | 'too-many';

interface Entry {
  readonly name: string;
  ip: string | undefined;
  /** Until the first answer. */
  waiting: Set<(answer: LookUp) => void> | undefined;
  usedAt: number;
  failures: number;
  timer: NodeJS.Timeout | undefined;
}

interface CacheStats {
  readonly attempt: Counter;
  readonly success: Counter;
  readonly failure: Counter;
  readonly timeout: Counter;
  readonly changed: Counter;
  readonly added: Counter;
  readonly removed: Counter;
  readonly overflow: Counter;
  readonly pendingOverflow: Counter;
  readonly hosts: Gauge;
}

export class DnsCache {
  readonly #settings: CacheSettings;
  readonly #stats: CacheStats;
  readonly #entries = new Map<string, Entry>();
  #waiting = 0;
  #isClosed = false;

  constructor(settings: CacheSettings, scope: StatsScope) {
    this.#settings = settings;
    this.#stats = {
      attempt: scope.counter('dns_query_attempt'),
      success: scope.counter('dns_query_success'),
      failure: scope.counter('dns_query_failure'),
      timeout: scope.counter('dns_query_timeout'),
      changed: scope.counter('host_address_changed'),
      added: scope.counter('host_added'),
      removed: scope.counter('host_removed'),
      overflow: scope.counter('host_overflow'),
      pendingOverflow: scope.counter('dns_rq_pending_overflow'),
      hosts: scope.gauge('num_hosts'),
    };
  }

  /** The address that a name has now, as far as it was looked up. */
  find(name: string): string | undefined {
    const literal = canonicalIp(name);
    if (literal !== undefined) return literal;
    const entry = this.#entries.get(name.toLowerCase());
    if (entry !== undefined) entry.usedAt = performance.now();
    return entry?.ip;
  }

  /** Answers at once where it can; else `onAnswer` hears, unless what it returns is called before. */
  lookUp(name: string, onAnswer: (answer: LookUp) => void): LookUp | (() => void) {
    if (isIP(name) !== 0) return 'found';
    const key = name.toLowerCase();
    let entry = this.#entries.get(key);
    if (entry !== undefined && entry.waiting === undefined) {
      entry.usedAt = performance.now();
      return entry.ip === undefined ? 'missing' : 'found';
    }
    if (this.#waiting >= this.#settings.maxPending) {
      this.#stats.pendingOverflow.value++;
      return 'too-many';
    }
    entry ??= this.#begin(key);
    if (entry === undefined) return 'too-many';
    const { waiting } = entry;
    waiting?.add(onAnswer);
    this.#waiting++;
    return () => {
      if (waiting?.delete(onAnswer) === true) this.#waiting--;
    };
  }

  close(): void {
    this.#isClosed = true;
    for (const entry of this.#entries.values()) {
      clearTimeout(entry.timer);
      this.#tell(entry);
    }
    this.#entries.clear();
    this.#stats.hosts.value = 0;
  }

  #begin(name: string): Entry | undefined {
    if (this.#entries.size >= this.#settings.maxHosts) {
      this.#stats.overflow.value++;
      return undefined;
    }
    const entry: Entry = {
      name,
      ip: undefined,
      waiting: new Set(),
      usedAt: performance.now(),
      failures: 0,
      timer: undefined,
    };
    this.#entries.set(name, entry);
    this.#stats.added.value++;
    this.#stats.hosts.value = this.#entries.size;
    void this.#ask(entry);
    return entry;
  }

  async #ask(entry: Entry): Promise<void> {
    this.#stats.attempt.value++;
    const addresses = await this.#addresses(entry.name);
    if (this.#isClosed) return;
    const [first] = addresses;
    if (first !== undefined) {
      if (entry.ip !== undefined && entry.ip !== first.ip) this.#stats.changed.value++;
      // What was known stays where nothing is found any longer.
      entry.ip = first.ip;
      entry.failures = 0;
    } else entry.failures++;
    this.#tell(entry);
    entry.timer = setTimeout(
      () => this.#again(entry),
      Math.min(this.#settings.wait(first?.ttl, entry.failures), LONGEST_WAIT),
    ).unref();
  }

  /** Empty for a name that has no address, and where that could not be found out in time. */
  async #addresses(name: string): Promise<readonly DnsAddress[]> {
    const { resolver, families, queryTimeout } = this.#settings;
    const late = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => late.resolve('late'), queryTimeout).unref();
    try {
      const answer = await Promise.race([resolver.resolve(name, families), late.promise]);
      if (answer === 'late') {
        this.#stats.timeout.value++;
        return [];
      }
      this.#stats.success.value++;
      return answer;
    } catch {
      this.#stats.failure.value++;
      return [];
    } finally {
      clearTimeout(timer);
    }
  }

  #tell(entry: Entry): void {
    const { waiting } = entry;
    entry.waiting = undefined;
    for (const onAnswer of waiting ?? []) {
      this.#waiting--;
      onAnswer(entry.ip === undefined ? 'missing' : 'found');
    }
  }

  #again(entry: Entry): void {
    if (performance.now() - entry.usedAt < this.#settings.hostTtl) {
      void this.#ask(entry);
      return;
    }
    this.#entries.delete(entry.name);
    this.#stats.removed.value++;
    this.#stats.hosts.value = this.#entries.size;
  }
}

interface Shared {
  readonly cache: DnsCache;
  readonly config: DnsCacheConfig;
  users: number;
}

/** The caches of a proxy by their names, for as long as somebody has them. */
export class DnsCaches {
  readonly #resolver: DnsResolver;
  readonly #stats: StatsScope;
  readonly #caches = new Map<string, Shared>();

  /** `resolver`: what is asked where a cache names none. */
  constructor(resolver: DnsResolver, stats: StatsScope) {
    this.#resolver = resolver;
    this.#stats = stats;
  }

  /** Throws an `UnsupportedError` or `InvalidConfigError`. Whoever has a cache calls `release` once. */
  acquire(field: string, config: DnsCacheConfig | undefined): { cache: DnsCache; release: () => void } {
    const name = config?.name ?? '';
    if (config === undefined || name === '') throw new InvalidConfigError(`${field}.name`, 'missing');
    let shared = this.#caches.get(name);
    if (shared === undefined) {
      const settings = cacheSettings(field, config, this.#resolver);
      const cache = new DnsCache(settings, this.#stats.scope(`dns_cache.${name}.`));
      this.#caches.set(name, (shared = { cache, config, users: 0 }));
    } else if (!equals(DnsCacheConfigSchema, shared.config, config)) {
      throw new InvalidConfigError(field, `config specified DNS cache '${name}' with different settings`);
    }
    const held = shared;
    held.users++;
    let isReleased = false;
    return {
      cache: held.cache,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        if (--held.users > 0) return;
        held.cache.close();
        this.#caches.delete(name);
      },
    };
  }
}
