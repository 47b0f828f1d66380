/** The clusters in force, and those that warm up before they take their place. */

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type Cluster as ClusterMessage,
  ClusterSchema,
  Cluster_DiscoveryType,
} from '../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import type { BindConfig } from '../../xds/proto/generated/envoy/config/core/v3/address_pb.js';
import type { ConfigSource } from '../../xds/proto/generated/envoy/config/core/v3/config_source_pb.js';
import type { ClusterLoadAssignment } from '../../xds/proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import { textField } from '../../xds/proto/wire-fields.ts';
import { InvalidConfigError, checkDurations } from '../config-error.ts';
import type { Gauge, StatsScope } from '../stats/stats.ts';
import type { Counter } from '../stats/stats.ts';
import type { SecretSource } from '../tls/secrets.ts';
import { type Assignment, readAssignment } from './assignment.ts';
import { DnsCaches } from './dns/cache.ts';
import { type DnsResolver, systemDns } from './dns/resolver.ts';
import { type ClusterEnvironment, UpstreamCluster } from './cluster.ts';
import { type Locality, NO_LOCALITY } from './host.ts';
import { ClusterShapes, SleepingCluster } from './sleeping-cluster.ts';
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
  /** Throws for a source that no endpoints can be asked of. */
  readonly checkEds?: (source: ConfigSource) => void;
  /** Certificates by name. */
  readonly secrets?: SecretSource | undefined;
  /** What clusters ask that name no resolver of their own; the system's unless said. */
  readonly dns?: DnsResolver;
  /** A whole number from 0 to 2^32 - 1. */
  readonly random?: () => number;
}

type Entry = UpstreamCluster | SleepingCluster;

/** Where the endpoints of a cluster come from. */
export interface EdsSource {
  readonly edsName: string;
  readonly edsConfig: ConfigSource;
}

/** Number of the field in `envoy/config/cluster/v3/cluster.proto`. */
const NAME = 1;

export class ClusterManager implements Clusters {
  readonly #options: ClusterManagerOptions;
  readonly #active = new Map<string, Entry>();
  readonly #warming = new Map<string, Entry>();
  /** Those of `active` and `warming` that get their endpoints under a name. */
  readonly #byEdsName = new Map<string, Set<Entry>>();
  readonly #shapes = new ClusterShapes();
  /** By the name they are assigned under: a cluster that changes is warm at once with them. */
  readonly #assignments = new Map<string, Assignment>();
  readonly #added: Counter;
  readonly #modified: Counter;
  readonly #removed: Counter;
  readonly #activeCount: Gauge;
  readonly #warmingCount: Gauge;
  #environment: ClusterEnvironment | undefined;
  readonly dnsCaches: DnsCaches;

  constructor(options: ClusterManagerOptions) {
    this.#options = options;
    this.dnsCaches = new DnsCaches(options.dns ?? systemDns(), options.stats);
    const scope = options.stats.scope('cluster_manager.');
    this.#added = scope.counter('cluster_added');
    this.#modified = scope.counter('cluster_modified');
    this.#removed = scope.counter('cluster_removed');
    this.#activeCount = scope.gauge('active_clusters');
    this.#warmingCount = scope.gauge('warming_clusters');
  }

  /** The cluster of that name that is in force. */
  get(name: string): Cluster | undefined {
    return this.#upstream(name);
  }

  /** The one that warms up, else the one in force. */
  newest(name: string): Entry | undefined {
    return this.#warming.get(name) ?? this.#active.get(name);
  }

  /** The clusters in force, for the administration interface. */
  get active(): Iterable<UpstreamCluster> {
    return this.wake();
  }

  get warming(): Iterable<Entry> {
    return this.#warming.values();
  }

  /** The names that endpoints are to be asked for under. */
  get edsNames(): ReadonlySet<string> {
    return new Set(this.#byEdsName.keys());
  }

  /** Makes all clusters in force, also those that nobody has used: their statistics are asked for. */
  wake(): readonly UpstreamCluster[] {
    return [...this.#active.values()].map((one) => (one instanceof SleepingCluster ? this.#wake(one) : one));
  }

  /**
   * Adds a cluster, or replaces one: the old one stays in force until the new one is warm. Returns where its endpoints
   * come from, when it is new and they come by EDS. Throws an `UnsupportedError` or `InvalidConfigError` for what cannot
   * be put into force; nothing has changed then.
   */
  put(message: ClusterMessage | Uint8Array): EdsSource | undefined {
    const encoded = message instanceof Uint8Array ? message : toBinary(ClusterSchema, message);
    // A controller that comes back says everything again: connections are not to pay for it.
    if (this.newest(textField(encoded, NAME))?.isMadeOf(encoded) === true) return undefined;
    const { entry, edsConfig } = this.#make(encoded);
    const { name, edsName } = entry;
    const known = edsName === undefined ? undefined : this.#assignments.get(edsName);
    if (known !== undefined) entry.assign(known);
    this.#drop(this.#warming.get(name));
    (this.#active.has(name) ? this.#modified : this.#added).value++;
    this.#warming.set(name, entry);
    if (edsName !== undefined) addTo(this.#byEdsName, edsName, entry);
    entry.start();
    if (entry.isWarm) this.#activate(entry);
    else void entry.warm.then(() => this.#activate(entry));
    this.#count();
    return edsName === undefined || edsConfig === undefined ? undefined : { edsName, edsConfig };
  }

  /** The cluster's connections drain; nothing happens when there is none of that name. */
  remove(name: string): void {
    const found = [this.#active.get(name), this.#warming.get(name)].filter((one) => one !== undefined);
    if (found.length === 0) return;
    this.#active.delete(name);
    this.#warming.delete(name);
    this.#removed.value++;
    for (const one of found) {
      this.#drop(one);
      if (one.edsName !== undefined && !this.#byEdsName.has(one.edsName))
        this.#assignments.delete(one.edsName);
    }
    this.#count();
  }

  /** Throws an `UnsupportedError` or `InvalidConfigError`; the endpoints of before stay then. */
  assign(message: ClusterLoadAssignment): void {
    const name = message.clusterName;
    checkDurations(`endpoints of ${name}`, message);
    const assignment = readAssignment(`endpoints of ${name}`, message, false);
    // One that was assigned endpoints before has to count that they change.
    for (const one of this.#byEdsName.get(name) ?? [])
      if (one instanceof SleepingCluster && one.isAssigned) this.#wake(one);
    this.#assignments.set(name, assignment);
    for (const one of this.#byEdsName.get(name) ?? []) one.assign(assignment);
  }

  /** No answer came for a name in time: clusters that wait for it go on without endpoints, as Envoy does after 15 s. */
  giveUpWaiting(edsName: string): void {
    for (const one of this.#byEdsName.get(edsName) ?? [])
      if (this.#warming.get(one.name) === one) one.warmWithout();
  }

  /** Resolves when the newest cluster of that name is in force, or there is none (any more). */
  async warm(name: string): Promise<void> {
    for (let entry = this.#warming.get(name); entry !== undefined; entry = this.#warming.get(name)) {
      await entry.warm;
      if (this.#warming.get(name) === entry) this.#activate(entry);
    }
  }

  close(): void {
    for (const entry of [...this.#active.values(), ...this.#warming.values()]) entry.close();
    this.#active.clear();
    this.#warming.clear();
    this.#byEdsName.clear();
    this.#assignments.clear();
  }

  /** Throws what `put` throws. */
  #make(encoded: Uint8Array): { readonly entry: Entry; readonly edsConfig: ConfigSource | undefined } {
    const shape = this.#shapes.find(encoded);
    if (shape !== undefined) return { entry: new SleepingCluster(encoded, shape), ...shape };
    const message = fromBinary(ClusterSchema, encoded);
    checkDurations(`cluster ${message.name}`, message);
    const edsConfig = message.edsClusterConfig?.edsConfig;
    if (isByEds(message)) this.#checkEds(`cluster ${message.name}`, edsConfig);
    else if (message.edsClusterConfig !== undefined) {
      throw new InvalidConfigError(
        `cluster ${message.name}.eds_cluster_config`,
        'only clusters of the type EDS have one',
      );
    }
    const entry = new UpstreamCluster(message, (this.#environment ??= this.#makeEnvironment()));
    if (entry.isIdle)
      this.#shapes.add(encoded, { edsConfig: entry.edsName === undefined ? undefined : edsConfig });
    return { entry, edsConfig };
  }

  #checkEds(owner: string, source: ConfigSource | undefined): void {
    const field = `${owner}.eds_cluster_config.eds_config`;
    if (source === undefined) throw new InvalidConfigError(field, 'missing');
    try {
      this.#options.checkEds?.(source);
    } catch (error) {
      throw new InvalidConfigError(field, (error as Error).message);
    }
  }

  /** Takes the place of one that slept, as if it had been there from the start. */
  #wake(sleeping: SleepingCluster): UpstreamCluster {
    const { name, edsName } = sleeping;
    if (this.#warming.get(name) === sleeping) this.#activate(sleeping);
    const cluster = new UpstreamCluster(sleeping.message, (this.#environment ??= this.#makeEnvironment()));
    const known = edsName === undefined ? undefined : this.#assignments.get(edsName);
    if (sleeping.isAssigned && known !== undefined) cluster.assign(known);
    this.#drop(sleeping);
    if (edsName !== undefined) addTo(this.#byEdsName, edsName, cluster);
    this.#active.set(name, cluster);
    cluster.start();
    cluster.warmWithout();
    return cluster;
  }

  #drop(entry: Entry | undefined): void {
    if (entry === undefined) return;
    entry.close();
    const { edsName } = entry;
    if (edsName === undefined) return;
    const users = this.#byEdsName.get(edsName);
    if (users?.delete(entry) === true && users.size === 0) this.#byEdsName.delete(edsName);
  }

  #activate(entry: Entry): void {
    const { name } = entry;
    if (this.#warming.get(name) !== entry) return;
    this.#warming.delete(name);
    const before = this.#active.get(name);
    this.#active.set(name, entry);
    this.#drop(before);
    this.#count();
    // Endpoints that are forgotten after a while are so whether the cluster is used or not.
    const { staleAfter = 0 } = this.#assignments.get(entry.edsName ?? '') ?? {};
    if (entry instanceof SleepingCluster && staleAfter > 0) this.#wake(entry);
  }

  #upstream(name: string): UpstreamCluster | undefined {
    const found = this.#active.get(name);
    return found instanceof SleepingCluster ? this.#wake(found) : found;
  }

  #makeEnvironment(): ClusterEnvironment {
    const { stats, locality = NO_LOCALITY, bind, secrets, dns, random, localCluster } = this.#options;
    return {
      stats,
      locality,
      bind,
      secrets,
      dns: dns ?? systemDns(),
      caches: this.dnsCaches,
      random: random ?? randomNumber,
      hasLocalCluster: localCluster !== undefined,
      cluster: (name) => this.#upstream(name),
      localHosts: () => this.#upstream(localCluster ?? '')?.hosts,
    };
  }

  #count(): void {
    this.#activeCount.value = this.#active.size;
    this.#warmingCount.value = this.#warming.size;
  }
}

function isByEds({ clusterDiscoveryType: type }: ClusterMessage): boolean {
  return type.case === 'type' && type.value === Cluster_DiscoveryType.EDS;
}

function addTo(index: Map<string, Set<Entry>>, name: string, entry: Entry): void {
  const users = index.get(name);
  if (users === undefined) index.set(name, new Set([entry]));
  else users.add(entry);
}

function randomNumber(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
