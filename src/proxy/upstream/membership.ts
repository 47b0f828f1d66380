/** The endpoints that a cluster has now, and what changes when discovery or health says something new. */

import type { CountMembership } from './cluster-stats.ts';
import { type Assignment, NO_ENDPOINTS, localityKey } from './assignment.ts';
import { Endpoint, type EndpointSpec, HEALTH, type Locality } from './host.ts';
import { HostSet, type PrioritySet } from './host-set.ts';

export interface MembershipOptions {
  readonly ownLocality: Locality;
  /** Endpoints that active health checks find healthy stay after discovery dropped them. */
  readonly keepsHealthy: boolean;
  /** The same address may stand there more than once. */
  readonly allowsTwice: boolean;
  /** Until the first active health check of new endpoints, which do not count until then. */
  readonly flagsOfNew: number;
}

export interface MembershipWatcher {
  hostAdded(host: Endpoint): void;
  hostRemoved(host: Endpoint): void;
}

export class Membership implements PrioritySet {
  version = 0;
  readonly #options: MembershipOptions;
  readonly #count: CountMembership;
  readonly #watcher: MembershipWatcher;
  #hosts = new Map<string, Endpoint>();
  #assignment: Assignment = NO_ENDPOINTS;
  #sets: readonly HostSet[] | undefined;

  constructor(options: MembershipOptions, countEvent: CountMembership, watcher: MembershipWatcher) {
    this.#options = options;
    this.#count = countEvent;
    this.#watcher = watcher;
  }

  get hosts(): Iterable<Endpoint> {
    return this.#hosts.values();
  }

  get size(): number {
    return this.#hosts.size;
  }

  get assignment(): Assignment {
    return this.#assignment;
  }

  /** Made when it is asked for: most clusters change without being used in between. */
  get sets(): readonly HostSet[] {
    return (this.#sets ??= this.#build());
  }

  /** Puts these endpoints in the place of those before; objects of endpoints that stay are kept. */
  apply(specs: readonly EndpointSpec[], assignment: Assignment): void {
    const hosts = new Map<string, Endpoint>();
    const added: Endpoint[] = [];
    let isChanged = assignment !== this.#assignment;
    for (const spec of specs) {
      const host = new Endpoint(spec);
      const key = this.#keyOf(spec.key ?? host.id, hosts);
      if (key === undefined) continue;
      const known = this.#hosts.get(key);
      if (known === undefined) {
        if (host.isChecked) host.mark(this.#options.flagsOfNew, true);
        hosts.set(key, host);
        added.push(host);
      } else {
        isChanged = known.update(spec) || isChanged;
        hosts.set(key, known);
      }
    }
    const removed: Endpoint[] = [];
    for (const [key, host] of this.#hosts) {
      if (hosts.has(key)) continue;
      if (
        this.#options.keepsHealthy &&
        host.isChecked &&
        !host.has(HEALTH.failedActiveCheck | HEALTH.failedByDiscovery)
      ) {
        host.mark(HEALTH.pendingRemoval, true);
        hosts.set(key, host);
        continue;
      }
      removed.push(host);
    }
    this.#hosts = hosts;
    this.#assignment = assignment;
    if (!isChanged && added.length === 0 && removed.length === 0) {
      this.#count('update_no_rebuild');
      return;
    }
    if (added.length > 0 || removed.length > 0) this.#count('membership_change');
    for (const host of added) this.#begin(host);
    this.changed();
    for (const host of removed) this.#watcher.hostRemoved(host);
  }

  /** One endpoint more, outside of discovery (ORIGINAL_DST); `key` is what `find` knows it by. */
  add(host: Endpoint, key = host.id): void {
    this.#hosts.set(key, host);
    this.#count('membership_change');
    this.#begin(host);
    this.changed();
  }

  find(key: string): Endpoint | undefined {
    return this.#hosts.get(key);
  }

  remove(host: Endpoint): void {
    for (const [key, one] of this.#hosts) {
      if (one === host) this.#hosts.delete(key);
    }
    this.#count('membership_change');
    this.changed();
    this.#watcher.hostRemoved(host);
  }

  /** Endpoints that only stayed because they were well go when they are not. */
  dropIfPending(host: Endpoint): void {
    if (host.has(HEALTH.pendingRemoval) && host.has(HEALTH.failedActiveCheck)) this.remove(host);
  }

  /** To be called after flags of endpoints changed. */
  changed(): void {
    this.version++;
    this.#sets = undefined;
  }

  /** Below the cluster's scope. */
  *gauges(): IterableIterator<readonly [name: string, value: number]> {
    const hosts = [...this.#hosts.values()];
    yield ['membership_total', hosts.length];
    yield ['membership_healthy', count(hosts, (host) => host.healthy)];
    yield ['membership_degraded', count(hosts, (host) => host.degraded)];
    yield ['membership_excluded', count(hosts, (host) => host.excluded)];
    yield ['max_host_weight', hosts.reduce((most, { weight }) => Math.max(most, weight), 0)];
  }

  #begin(host: Endpoint): void {
    if (host.healthy) host.healthySince = performance.now();
    this.#watcher.hostAdded(host);
  }

  #keyOf(id: string, taken: ReadonlyMap<string, Endpoint>): string | undefined {
    if (!taken.has(id)) return id;
    if (!this.#options.allowsTwice) return undefined;
    for (let number = 2; ; number++) if (!taken.has(`${id} ${number}`)) return `${id} ${number}`;
  }

  #build(): readonly HostSet[] {
    const byPriority: Endpoint[][] = [[]];
    for (const host of this.#hosts.values()) {
      while (byPriority.length <= host.priority) byPriority.push([]);
      byPriority[host.priority]?.push(host);
    }
    const { overprovisioning, weightedHealth, localityWeights } = this.#assignment;
    return byPriority.map(
      (hosts, priority) =>
        new HostSet(hosts, {
          priority,
          overprovisioning,
          weightedHealth,
          ownLocality: this.#options.ownLocality,
          localityWeight: (locality) => localityWeights.get(localityKey(priority, locality)) ?? 0,
        }),
    );
  }
}

function count(hosts: readonly Endpoint[], holds: (host: Endpoint) => boolean): number {
  return hosts.reduce((sum, host) => sum + (holds(host) ? 1 : 0), 0);
}
