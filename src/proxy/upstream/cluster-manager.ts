/** The clusters in force, and those that warm up before they take their place. */

import type { Cluster as ClusterMessage } from '../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import type { BindConfig } from '../../xds/proto/generated/envoy/config/core/v3/address_pb.js';
import type { ClusterLoadAssignment } from '../../xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import type { Gauge, StatsScope } from '../stats/stats.ts';
import type { Counter } from '../stats/stats.ts';
import type { SecretSource } from '../tls/secrets.ts';
import { type Assignment, readAssignment } from './assignment.ts';
import { type DnsResolver, systemDns } from './dns/resolver.ts';
import { type ClusterEnvironment, UpstreamCluster } from './cluster.ts';
import { type Locality, NO_LOCALITY } from './host.ts';
import type { Cluster, Clusters } from './types.ts';

export interface ClusterManagerOptions {
  /** All statistics: clusters take `cluster.NAME.`, the manager `cluster_manager.`. */
  readonly stats: StatsScope;
  /** The proxy's own, of its node. */
  readonly locality?: Locality;
  /** `cluster_manager.local_cluster_name`. */
  readonly localCluster?: string;
  /** `cluster_manager.upstream_bind_config`. */
  readonly bind?: BindConfig | undefined;
  /** Certificates by name. */
  readonly secrets?: SecretSource | undefined;
  /** What clusters ask that name no resolver of their own; the system's unless said. */
  readonly dns?: DnsResolver;
  /** A whole number from 0 to 2^32 - 1. */
  readonly random?: () => number;
}

export class ClusterManager implements Clusters {
  readonly #options: ClusterManagerOptions;
  readonly #active = new Map<string, UpstreamCluster>();
  readonly #warming = new Map<string, UpstreamCluster>();
  /** By the name they are assigned under: a cluster that changes is warm at once with them. */
  readonly #assignments = new Map<string, Assignment>();
  readonly #added: Counter;
  readonly #modified: Counter;
  readonly #removed: Counter;
  readonly #activeCount: Gauge;
  readonly #warmingCount: Gauge;
  #environment: ClusterEnvironment | undefined;
  readonly #listeners = new Set<(name: string) => void>();

  constructor(options: ClusterManagerOptions) {
    this.#options = options;
    const scope = options.stats.scope('cluster_manager.');
    this.#added = scope.counter('cluster_added');
    this.#modified = scope.counter('cluster_modified');
    this.#removed = scope.counter('cluster_removed');
    this.#activeCount = scope.gauge('active_clusters');
    this.#warmingCount = scope.gauge('warming_clusters');
  }

  get(name: string): Cluster | undefined {
    return this.#active.get(name);
  }

  /** The one that warms up, else the one in force. */
  newest(name: string): UpstreamCluster | undefined {
    return this.#warming.get(name) ?? this.#active.get(name);
  }

  /** The clusters in force, for the administration interface. */
  get active(): Iterable<UpstreamCluster> {
    return this.#active.values();
  }

  get warming(): Iterable<UpstreamCluster> {
    return this.#warming.values();
  }

  /** The names that endpoints are to be asked for under. */
  get edsNames(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const { edsName } of [...this.#active.values(), ...this.#warming.values()]) {
      if (edsName !== undefined) names.add(edsName);
    }
    return names;
  }

  /**
   * Adds a cluster, or replaces one: the old one stays in force until the new one is warm. Throws an `UnsupportedError`
   * or `InvalidConfigError` for what cannot be put into force; nothing has changed then.
   */
  put(message: ClusterMessage, assignment?: ClusterLoadAssignment): void {
    const newest = this.newest(message.name);
    // A controller that comes back says everything again: connections are not to pay for it.
    if (newest?.isMadeOf(message) === true) {
      if (assignment !== undefined) this.assign(assignment);
      return;
    }
    const cluster = new UpstreamCluster(message, (this.#environment ??= this.#makeEnvironment()));
    const { name, edsName } = cluster;
    try {
      if (assignment !== undefined && edsName !== undefined) {
        this.#assignments.set(edsName, readAssignment(`endpoints of ${edsName}`, assignment, false));
      }
    } catch (error) {
      cluster.close();
      throw error;
    }
    const known = edsName === undefined ? undefined : this.#assignments.get(edsName);
    if (known !== undefined) cluster.assign(known);
    this.#warming.get(name)?.close();
    (this.#active.has(name) ? this.#modified : this.#added).value++;
    this.#warming.set(name, cluster);
    cluster.start();
    if (cluster.isWarm) this.#activate(cluster);
    else void cluster.warm.then(() => this.#activate(cluster));
    this.#count();
  }

  /** The cluster's connections drain; nothing happens when there is none of that name. */
  remove(name: string): void {
    const found = [this.#active.get(name), this.#warming.get(name)].filter((one) => one !== undefined);
    if (found.length === 0) return;
    this.#active.delete(name);
    this.#warming.delete(name);
    this.#removed.value++;
    for (const cluster of found) cluster.close();
    const inUse = this.edsNames;
    for (const edsName of this.#assignments.keys()) {
      if (!inUse.has(edsName)) this.#assignments.delete(edsName);
    }
    this.#count();
  }

  /** Throws an `UnsupportedError` or `InvalidConfigError`; the endpoints of before stay then. */
  assign(message: ClusterLoadAssignment): void {
    const name = message.clusterName;
    const assignment = readAssignment(`endpoints of ${name}`, message, false);
    this.#assignments.set(name, assignment);
    for (const cluster of [...this.#active.values(), ...this.#warming.values()]) {
      if (cluster.edsName === name) cluster.assign(assignment);
    }
  }

  /** No answer came for a name in time: clusters that wait for it go on without endpoints, as Envoy does after 15 s. */
  giveUpWaiting(edsName: string): void {
    for (const cluster of this.#warming.values()) {
      if (cluster.edsName === edsName) cluster.warmWithout();
    }
  }

  /** Resolves when the newest cluster of that name is in force, or there is none (any more). */
  async warm(name: string): Promise<void> {
    for (let cluster = this.#warming.get(name); cluster !== undefined; cluster = this.#warming.get(name)) {
      await cluster.warm;
      if (this.#warming.get(name) === cluster) this.#activate(cluster);
    }
  }

  /** Called with the name of each cluster that comes into force. Returns what ends that. */
  onActivated(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    for (const cluster of [...this.#active.values(), ...this.#warming.values()]) cluster.close();
    this.#active.clear();
    this.#warming.clear();
    this.#assignments.clear();
  }

  #activate(cluster: UpstreamCluster): void {
    const { name } = cluster;
    if (this.#warming.get(name) !== cluster) return;
    this.#warming.delete(name);
    const before = this.#active.get(name);
    this.#active.set(name, cluster);
    before?.close();
    this.#count();
    for (const listener of this.#listeners) listener(name);
  }

  #makeEnvironment(): ClusterEnvironment {
    const { stats, locality = NO_LOCALITY, bind, secrets, dns, random, localCluster } = this.#options;
    return {
      stats,
      locality,
      bind,
      secrets,
      dns: dns ?? systemDns(),
      random: random ?? randomNumber,
      hasLocalCluster: localCluster !== undefined,
      localHosts: () => this.#active.get(localCluster ?? '')?.hosts,
    };
  }

  #count(): void {
    this.#activeCount.value = this.#active.size;
    this.#warmingCount.value = this.#warming.size;
  }
}

function randomNumber(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
