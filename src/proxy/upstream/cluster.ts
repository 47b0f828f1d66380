/** A cluster: its endpoints, its balancer, its limits, and how connections to it are opened. */

import type { Socket } from 'node:net';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type Cluster as ClusterMessage,
  ClusterSchema,
  Cluster_DiscoveryType,
} from '../../xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import type { BindConfig } from '../../xds/proto/generated/envoy/config/core/v3/address_pb.js';
import type { HealthCheck } from '../../xds/proto/generated/envoy/config/core/v3/health_check_pb.js';
import type { Metadata } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import { InvalidConfigError, refuseFields } from '../config-error.ts';
import { UnsupportedError } from '../route/unsupported.ts';
import type { Measured, StatsScope } from '../stats/stats.ts';
import type { SecretSource } from '../tls/secrets.ts';
import { AGGREGATE_TYPE, Aggregate } from './aggregate.ts';
import type { Assignment } from './assignment.ts';
import type { Balancer } from './balancers/balancer.ts';
import { type BalancerChoice, balancerChoice } from './balancers/policy.ts';
import { type BreakerLimits, Breakers } from './circuit-breakers.ts';
import { CLUSTER_STATS, type CountMembership, balancerStats, clusterStats } from './cluster-stats.ts';
import { connectionSettings } from './connection-settings.ts';
import type { DnsCaches } from './dns/cache.ts';
import type { DnsResolver } from './dns/resolver.ts';
import type { Discovery } from './discovery/discovery.ts';
import { discoveryOf } from './discovery/kinds.ts';
import { DYNAMIC_TYPE, DynamicHosts } from './discovery/dynamic-hosts.ts';
import { OriginalDestinations } from './discovery/original-destinations.ts';
import { HealthChecker } from './health/checker.ts';
import { checkSettings } from './health/settings.ts';
import { Endpoint, type EndpointSpec, HEALTH, type Locality } from './host.ts';
import type { PrioritySet } from './host-set.ts';
import { Membership, type MembershipWatcher } from './membership.ts';
import { OutlierDetector } from './outlier/detector.ts';
import { compileErrorMatcher } from './outlier/error-matcher.ts';
import { outlierSettings } from './outlier/settings.ts';
import { isSameMessage } from './same-message.ts';
import { Shared } from './shared.ts';
import { type Dialer, dialerOf } from './transport/dial.ts';
import { Transports } from './transport/transports.ts';
import type {
  CircuitBreaker,
  Cluster,
  ClusterStats,
  ConnectionSettings,
  ConnectOptions,
  Host,
  HostOutcome,
  LoadBalancerContext,
} from './types.ts';

export interface ClusterEnvironment {
  /** All statistics. */
  readonly stats: StatsScope;
  readonly locality: Locality;
  readonly bind: BindConfig | undefined;
  readonly secrets: SecretSource | undefined;
  readonly dns: DnsResolver;
  readonly caches: DnsCaches;
  /** A whole number from 0 to 2^32 - 1. */
  readonly random: () => number;
  /** The cluster of that name that is in force. */
  cluster(name: string): UpstreamCluster | undefined;
  /** The cluster that the proxy itself belongs to. */
  readonly localHosts: () => PrioritySet | undefined;
  readonly hasLocalCluster: boolean;
}

const SETTINGS = new Shared<ConnectionSettings>();
const NOBODY: readonly never[] = [];

/** Of the many that a controller sends few are used: what only requests need is made with the first of them. */
export class UpstreamCluster implements Cluster, MembershipWatcher, Measured {
  readonly name: string;
  readonly statName: string;
  readonly settings: ConnectionSettings;
  readonly hosts: Membership;
  readonly #environment: ClusterEnvironment;
  /** The message takes several times as much room decoded, and is rarely asked for. */
  readonly #encoded: Uint8Array;
  readonly #scope: StatsScope;
  readonly #breakers: Breakers;
  readonly #dialer: Dialer;
  readonly #transports: Transports;
  readonly #discovery: Discovery;
  readonly #balancing: BalancerChoice;
  readonly #outliers: OutlierDetector | undefined;
  /** Whether an answer with this status is a failure; undefined for those from 500 on. */
  readonly #isError: ((status: number) => boolean) | undefined;
  #balancer: Balancer | undefined;
  readonly #aggregate: Aggregate | undefined;
  #stats: ClusterStats | undefined;
  /** Null where it has none, undefined until someone asks. */
  #metadata: Metadata | null | undefined;
  #checkers: readonly HealthChecker[] = [];
  #removed: readonly ((host: Host) => void)[] = NOBODY;
  #closed: readonly (() => void)[] = NOBODY;
  #warm: PromiseWithResolvers<void> | undefined;
  #isWarm = false;
  #isClosed = false;

  /** Throws an `UnsupportedError` or `InvalidConfigError` for what cannot be put into force. */
  constructor(message: ClusterMessage, environment: ClusterEnvironment) {
    this.name = message.name;
    if (this.name === '') throw new InvalidConfigError('cluster.name', 'empty');
    const owner = `cluster ${this.name}`;
    checkFields(owner, message);
    this.#environment = environment;
    // Copied into a slab that many share: memory of its own costs each as much again.
    this.#encoded = Buffer.from(toBinary(ClusterSchema, message));
    this.statName = (message.altStatName === '' ? this.name : message.altStatName).replaceAll(':', '_');
    if (message.metadata === undefined) this.#metadata = null;
    const scope = environment.stats.scope(`cluster.${this.statName}.`);
    this.#scope = scope;
    try {
      const { settings, upstream, options } = connectionSettings(owner, message);
      const { clusterDiscoveryType: type } = message;
      const isDynamic = type.case === 'clusterType' && type.value.name === DYNAMIC_TYPE;
      const errors = options?.outlierDetection?.errorMatcher;
      if (errors !== undefined)
        this.#isError = compileErrorMatcher(`${owner}.outlier_detection.error_matcher`, errors);
      this.#transports = new Transports(owner, message, {
        // Endpoints that are looked up have to be who they are asked for, unless the cluster has options of its own.
        auto: {
          sni: upstream?.autoSni === true || (isDynamic && options === undefined),
          san: upstream?.autoSanValidation === true || (isDynamic && options === undefined),
        },
        secrets: environment.secrets,
        scope,
        onSecret: () => this.#secretChanged(),
      });
      this.settings = SETTINGS.of({ ...settings, tls: this.#transports.tls });
      this.#dialer = dialerOf(owner, message, environment.bind);
      this.#breakers = new Breakers(owner, message.circuitBreakers);
      this.#balancing = balancerChoice(owner, message, scope);
      const count: CountMembership = (event) => void scope.counter(event).value++;
      this.hosts = new Membership(
        {
          ownLocality: environment.locality,
          keepsHealthy: message.healthChecks.length > 0 && !message.ignoreHealthOnHostRemoval,
          allowsTwice: isStatic(message),
          flagsOfNew: flagsOfNew(message),
        },
        count,
        this,
      );
      if (this.#balancing.kind === 'original-destination')
        this.#balancer = new OriginalDestinations(owner, message, this.hosts, scope);
      if (this.#balancing.kind === 'dynamic') {
        this.#balancer = new DynamicHosts(owner, message, {
          hosts: this.hosts,
          caches: environment.caches,
          isSecure: this.#transports.tls,
          names:
            options === undefined
              ? undefined
              : {
                  autoSni: upstream?.autoSni === true,
                  autoSanValidation: upstream?.autoSanValidation === true,
                },
        });
      }
      if (this.#balancing.kind === 'aggregate') {
        this.#aggregate = new Aggregate(owner, message, {
          panicThreshold: this.#balancing.panicThreshold,
          member: (name) => environment.cluster(name),
          random: () => environment.random(),
        });
      }
      if (message.outlierDetection !== undefined) {
        const rules = outlierSettings(owner, message.outlierDetection);
        this.#outliers = new OutlierDetector(rules, this.hosts, scope, () => environment.random());
      }
      this.#checkers = message.healthChecks.map((check, index) =>
        this.#checkerOf(`${owner}.health_checks[${index}]`, check, scope),
      );
      this.#discovery = discoveryOf(owner, message, count, environment.dns);
    } catch (error) {
      this.#balancer?.close?.();
      scope.release();
      throw error;
    }
    scope.declare(CLUSTER_STATS);
    scope.measure(this);
  }

  /** As it came. Decoded for each call. */
  get message(): ClusterMessage {
    return fromBinary(ClusterSchema, this.#encoded);
  }

  /** Whether it was made of an equal message. */
  isMadeOf(encoded: Uint8Array): boolean {
    return isSameMessage(ClusterSchema, this.#encoded, encoded);
  }

  /** Nothing happens before it is used or assigned endpoints, so that another one like it can wait with being made. */
  get isIdle(): boolean {
    return (
      this.#discovery.isIdle &&
      this.#checkers.length === 0 &&
      !this.settings.tls &&
      this.#balancing.kind === 'balancer'
    );
  }

  get isDynamic(): boolean {
    return this.#balancing.kind === 'dynamic';
  }

  get metadata(): Metadata | undefined {
    if (this.#metadata === undefined) this.#metadata = this.message.metadata ?? null;
    return this.#metadata ?? undefined;
  }

  get stats(): ClusterStats {
    return (this.#stats ??= clusterStats(this.#scope));
  }

  *gauges(): IterableIterator<readonly [name: string, value: number]> {
    yield* this.hosts.gauges();
    yield* this.#breakers.gauges();
    yield* this.stats.buffered.gauges();
  }

  /** The name that endpoints are assigned under; undefined when they do not come by EDS. */
  get edsName(): string | undefined {
    return this.#discovery.edsName;
  }

  /** Resolves when the endpoints are known. */
  get warm(): Promise<void> {
    if (this.#isWarm || this.#isClosed) return Promise.resolve();
    return (this.#warm ??= Promise.withResolvers()).promise;
  }

  get isWarm(): boolean {
    return this.#isWarm;
  }

  start(): void {
    this.#discovery.start((specs, assignment) => this.#discovered(specs, assignment));
  }

  /** Endpoints by EDS. Throws for what cannot be put into force; what was in force stays then. */
  assign(assignment: Assignment): void {
    this.#discovery.assign?.(assignment);
  }

  /** Nobody says what the endpoints are: goes on without any until someone does. */
  warmWithout(): void {
    this.#becomeWarm();
  }

  get dropShare(): number {
    return this.hosts.assignment.drops[0]?.share ?? 0;
  }

  breaker(priority: 'default' | 'high'): CircuitBreaker {
    return this.#breakers.of(priority);
  }

  limits(priority: 'default' | 'high'): BreakerLimits {
    return this.#breakers.limits(priority);
  }

  choose(context: LoadBalancerContext): Host | undefined {
    return this.#aggregate === undefined
      ? (this.#balancer ??= this.#makeBalancer()).choose(context)
      : this.#aggregate.choose(context);
  }

  owner(host: Host): Cluster | undefined {
    return this.#aggregate?.owner(host);
  }

  hostAdded(host: Endpoint): void {
    for (const checker of this.#checkers) checker.add(host);
  }

  hostRemoved(host: Endpoint): void {
    this.#outliers?.forget(host);
    for (const checker of this.#checkers) checker.remove(host);
    for (const listener of this.#removed) listener(host);
  }

  connectionKey(host: Host, options: ConnectOptions): string {
    const { source } = options;
    const own = host instanceof Endpoint ? this.#transports.of(host).keyOf(options) : '';
    return source === undefined ? own : `${own} ${source.ip} ${source.mark}`;
  }

  connect(host: Host, options: ConnectOptions): Socket {
    if (!(host instanceof Endpoint)) throw new Error(`${host.id} is no endpoint of ${this.name}`);
    return this.#transports.of(host).connect(this.#dialer, host, options);
  }

  report(host: Host, outcome: HostOutcome): void {
    if (this.#outliers === undefined || !(host instanceof Endpoint)) return;
    const judged =
      outcome.kind === 'status' && this.#isError !== undefined
        ? ({ kind: 'status', status: this.#isError(outcome.status) ? 500 : 200 } as const)
        : outcome;
    this.#outliers.report(host, judged);
  }

  onHostRemoved(listener: (host: Host) => void): () => void {
    this.#removed = [...this.#removed, listener];
    return () => {
      this.#removed = this.#removed.filter((one) => one !== listener);
    };
  }

  onClosed(listener: () => void): () => void {
    if (this.#isClosed) {
      listener();
      return () => undefined;
    }
    this.#closed = [...this.#closed, listener];
    return () => {
      this.#closed = this.#closed.filter((one) => one !== listener);
    };
  }

  /** The cluster is gone: timers stop, connections drain. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#discovery.close();
    this.#transports.close();
    this.#balancer?.close?.();
    this.#outliers?.close();
    for (const checker of this.#checkers) checker.close();
    for (const listener of this.#closed) listener();
    this.#closed = NOBODY;
    this.#removed = NOBODY;
    this.#warm?.resolve();
    this.#scope.release();
  }

  #discovered(specs: readonly EndpointSpec[], assignment: Assignment): void {
    if (this.#isClosed) return;
    this.hosts.apply(specs, assignment);
    if (this.#isWarm) return;
    const secrets = this.#transports.ready;
    const [checker] = this.#checkers;
    if (secrets === undefined && checker === undefined) this.#becomeWarm();
    else void Promise.all([secrets, checker?.firstRound]).then(() => this.#becomeWarm());
  }

  #makeBalancer(): Balancer {
    const { create, panicThreshold, locality } = this.#balancing;
    const { hasLocalCluster, localHosts, random } = this.#environment;
    return create({
      hosts: this.hosts,
      localHosts: hasLocalCluster ? localHosts : undefined,
      stats: balancerStats(this.#scope),
      panicThreshold,
      locality,
      random,
      activeRequests: () => this.stats.rqActive.value,
    });
  }

  #checkerOf(field: string, config: HealthCheck, scope: StatsScope): HealthChecker {
    return new HealthChecker(
      checkSettings(field, config, { name: this.name, nameStyle: this.settings.http1.nameStyle }),
      {
        scope,
        random: () => this.#environment.random(),
        isUsed: () => this.stats.cxTotal.value > 0,
        connect: (host, port, alpn) => this.#connectToCheck(host, port, alpn),
        onChange: (host) => {
          this.hosts.changed();
          this.hosts.dropIfPending(host);
        },
        onPassed: (host) => this.#outliers?.onCheckPassed(host),
      },
    );
  }

  #connectToCheck(host: Endpoint, port: number | undefined, alpn: readonly string[]): Socket {
    const place = host.checkPlace ?? host.place;
    const asked = port === undefined || place.kind === 'pipe' ? place : { ...place, port };
    return this.#transports.of(host).over(this.#dialer.dial(asked), { alpn });
  }

  #secretChanged(): void {
    // Connections with the old one go on; Envoy too uses a new one for new connections only.
    // Clusters without secrets do not show it, as in Envoy.
    this.#scope.counter('client_ssl_socket_factory.ssl_context_update_by_sds').value++;
  }

  #becomeWarm(): void {
    if (this.#isWarm) return;
    this.#isWarm = true;
    this.#warm?.resolve();
    this.#warm = undefined;
  }
}

/** Endpoints that are checked are not used before the first check has been passed. */
function flagsOfNew({ healthChecks, commonLbConfig }: ClusterMessage): number {
  if (healthChecks.length === 0) return 0;
  const isIgnored = commonLbConfig?.ignoreNewHostsUntilFirstHc === true;
  return HEALTH.failedActiveCheck | (isIgnored ? HEALTH.pendingActiveCheck : 0);
}

function isStatic({ clusterDiscoveryType: type }: ClusterMessage): boolean {
  return type.case === undefined || (type.case === 'type' && type.value === Cluster_DiscoveryType.STATIC);
}

function checkFields(owner: string, message: ClusterMessage): void {
  refuseFields(owner, {
    filters: message.filters.length > 0,
    lrs_server: message.lrsServer !== undefined,
    upstream_config: message.upstreamConfig !== undefined,
    preconnect_policy: message.preconnectPolicy !== undefined,
    connection_pool_per_downstream_connection: message.connectionPoolPerDownstreamConnection,
    'health_checks (more than one)': message.healthChecks.length > 1,
    close_connections_on_host_health_failure: message.closeConnectionsOnHostHealthFailure,
    track_timeout_budgets: message.trackTimeoutBudgets,
    'track_cluster_stats.timeout_budgets': message.trackClusterStats?.timeoutBudgets === true,
    'track_cluster_stats.request_response_sizes': message.trackClusterStats?.requestResponseSizes === true,
    'track_cluster_stats.per_endpoint_stats': message.trackClusterStats?.perEndpointStats === true,
    'common_lb_config.close_connections_on_host_set_change':
      message.commonLbConfig?.closeConnectionsOnHostSetChange === true,
  });
  const type = message.clusterDiscoveryType;
  if (type.case === 'clusterType' && ![DYNAMIC_TYPE, AGGREGATE_TYPE].includes(type.value.name)) {
    throw new UnsupportedError(`${owner}.cluster_type ${type.value.name}`);
  }
}
