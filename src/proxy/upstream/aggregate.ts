/**
 * A cluster of clusters: their priorities one behind the other, those of the first cluster first. It has no endpoints of its own.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/aggregate_cluster
 */

import type { Cluster as ClusterMessage } from '../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterConfigSchema } from '../../xds/proto/generated/envoy/extensions/clusters/aggregate/v3/cluster_pb.js';
import { InvalidConfigError, unpacked } from '../config-error.ts';
import { choosePriority, priorityLoads } from './balancers/priority-load.ts';
import type { HostSet, PrioritySet } from './host-set.ts';
import type { Cluster, Host, LoadBalancerContext } from './types.ts';

export const AGGREGATE_TYPE = 'envoy.clusters.aggregate';

/** A cluster that is one of several. */
export interface MemberCluster extends Cluster {
  readonly hosts: PrioritySet;
}

export interface AggregateOptions {
  /** In percent. */
  readonly panicThreshold: number;
  /** The cluster of that name that is in force. */
  member(name: string): MemberCluster | undefined;
  /** A whole number from 0 to 2^32 - 1. */
  random(): number;
}

/** A priority of one of the clusters. */
interface Part {
  readonly cluster: MemberCluster;
  readonly set: HostSet;
}

export class Aggregate {
  readonly #names: readonly string[];
  readonly #options: AggregateOptions;
  readonly #owners = new WeakMap<Host, Cluster>();

  /** Throws an `UnsupportedError` or `InvalidConfigError`. */
  constructor(owner: string, { clusterDiscoveryType: type }: ClusterMessage, options: AggregateOptions) {
    const field = `${owner}.cluster_type`;
    const config = unpacked(
      field,
      type.case === 'clusterType' ? type.value.typedConfig : undefined,
      ClusterConfigSchema,
    );
    if (config.clusters.length === 0) throw new InvalidConfigError(`${field}.clusters`, 'empty');
    this.#names = config.clusters;
    this.#options = options;
  }

  /** Undefined when none of the clusters has an endpoint that may be used. */
  choose(context: LoadBalancerContext): Host | undefined {
    const { panicThreshold, random } = this.#options;
    const parts = this.#parts();
    const sets = parts.map(({ set }, priority) => ({
      priority,
      all: set.all,
      healthy: set.healthy,
      degraded: set.degraded,
      excludedCount: set.excludedCount,
      healthyShare: set.healthyShare,
      degradedShare: set.degradedShare,
    }));
    const tried = (context.triedHosts ?? []).map((host) =>
      parts.findIndex(({ cluster, set }) => this.owner(host) === cluster && host.priority === set.priority),
    );
    const loads = priorityLoads(sets, panicThreshold, tried);
    const { priority, degraded } = choosePriority(loads, random() % 100);
    const part = parts[priority];
    const host = part?.cluster.choose(new WithPriority(context, part.set.priority, degraded));
    if (part !== undefined && host !== undefined) this.#owners.set(host, part.cluster);
    return host;
  }

  /** The cluster that the endpoint, which was chosen here, is from. */
  owner(host: Host): Cluster | undefined {
    return this.#owners.get(host);
  }

  #parts(): readonly Part[] {
    return this.#names.flatMap((name) => {
      const cluster = this.#options.member(name);
      if (cluster === undefined) return [];
      return cluster.hosts.sets.filter(({ all }) => all.length > 0).map((set) => ({ cluster, set }));
    });
  }
}

/** What a request wants, and the priority that it is given. */
class WithPriority implements LoadBalancerContext {
  readonly #wishes: LoadBalancerContext;
  readonly only: { readonly priority: number; readonly degraded: boolean };

  constructor(wishes: LoadBalancerContext, priority: number, degraded: boolean) {
    this.#wishes = wishes;
    this.only = { priority, degraded };
  }

  hash(): bigint | undefined {
    return this.#wishes.hash();
  }

  get metadataMatch(): LoadBalancerContext['metadataMatch'] {
    return this.#wishes.metadataMatch;
  }

  get originalDestination(): LoadBalancerContext['originalDestination'] {
    return this.#wishes.originalDestination;
  }

  get attempts(): number {
    return this.#wishes.attempts ?? 0;
  }

  header(name: string): string | undefined {
    return this.#wishes.header?.(name);
  }

  rejects(host: Host): boolean {
    return this.#wishes.rejects?.(host) ?? false;
  }
}
