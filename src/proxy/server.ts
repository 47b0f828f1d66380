/** The builtin engine as a whole: puts its parts together, brings them up in Envoy's order, and takes them down. */

import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { Listener } from '../xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import { MeshError } from '../base/mesh-error.ts';
import { textField } from '../xds/proto/wire-fields.ts';
import { placeText } from './address.ts';
import { adminPlace } from './admin/admin-place.ts';
import type { AdminView, DrainRequest, ServerState } from './admin/page.ts';
import { AdminServer } from './admin/server.ts';
import type { LoadedBootstrap } from './bootstrap/bootstrap.ts';
import { nodeOf, putAll, refusing } from './bootstrap/refusals.ts';
import { ListenerManager } from './listeners/listener-manager.ts';
import { networkFilters } from './network-filters.ts';
import type { Logger, ProcessLog } from './process-log.ts';
import type { ServerFlags } from './server-flags.ts';
import { ServerStats } from './server-stats.ts';
import { HistogramIntervals } from './stats/interval.ts';
import { StatsSinks, flushInterval } from './stats/sinks/stats-sinks.ts';
import { compileStatsMatcher } from './stats/filter.ts';
import { type StatRow, StatsStore, mergeRows } from './stats/store.ts';
import { TagExtractor } from './stats/tags.ts';
import { AccessLogs } from './telemetry/access-log/access-logs.ts';
import { ClusterManager } from './upstream/cluster-manager.ts';
import { ClusterResources } from './xds-client/cluster-resources.ts';
import { ConfigSources, type ResourceSources } from './xds-client/config-sources.ts';
import { ExtensionResources } from './xds-client/extension-resources.ts';
import { ListenerResources } from './xds-client/listener-resources.ts';
import { RouteResources } from './xds-client/route-resources.ts';
import { SavedState } from './xds-client/saved-state.ts';
import { SecretResources } from './xds-client/secret-resources.ts';
import { connectionLimits } from './connection-limits.ts';
import type { RelaySources } from './workers/relay-sources.ts';
import type { WorkerPool } from './workers/worker-pool.ts';
import { ENDPOINT_TYPE, TYPE_ORDER } from './xds-client/resource-types.ts';
import type { TypeState } from './xds-client/type-state.ts';
import type { XdsClient } from './xds-client/xds-client.ts';
import { adminView } from './admin/view.ts';

export interface ServerOptions {
  readonly loaded: LoadedBootstrap;
  readonly flags: ServerFlags;
  readonly log: ProcessLog;
  readonly version: string;
  /** Called when the administration interface asks the process to end. */
  onQuit(): void;
  /** Processes that serve beside this one; undefined when there are none. */
  readonly workers?: WorkerPool | undefined;
  /** This process is a worker: it gets its resources from the main process, and nobody asks it anything. */
  readonly relay?: RelaySources | undefined;
}

/** Number of the field in `envoy/config/cluster/v3/cluster.proto`. */
const CLUSTER_NAME = 1;

export class ProxyServer {
  readonly #options: ServerOptions;
  readonly #log: Logger;
  readonly #startedAt = Date.now();
  readonly #stats: StatsStore;
  readonly #sinks: StatsSinks;
  readonly #flushInterval: number;
  /** What is left to be sent to the sinks when the proxy has closed. */
  #last: Promise<readonly StatRow[]> | undefined;
  readonly #serverStats: ServerStats;
  readonly #clusters: ClusterManager;
  readonly #listeners: ListenerManager;
  readonly #sources: ResourceSources;
  readonly #clusterResources: ClusterResources;
  readonly #listenerResources: ListenerResources;
  readonly #routes: RouteResources;
  readonly #extensions: ExtensionResources;
  readonly #secrets: SecretResources;
  readonly #accessLogs: AccessLogs;
  readonly #saved: SavedState | undefined;
  readonly #admin: AdminServer | undefined;
  #state: ServerState = 'PRE_INITIALIZING';
  #isFailing = false;
  #isClosed = false;
  #isRestored = false;
  #drainTimer: NodeJS.Timeout | undefined;
  #waitingFor: readonly string[] = [];
  #adminAddress = '';

  /** Throws a `MeshError` for what of the bootstrap cannot be put into force. */
  constructor(options: ServerOptions) {
    this.#options = options;
    const { loaded, flags, log } = options;
    const { bootstrap } = loaded;
    this.#log = log.logger('main');
    const tags = refusing(loaded, () => new TagExtractor(bootstrap.statsConfig));
    this.#sinks = refusing(loaded, () => new StatsSinks(bootstrap));
    this.#flushInterval = refusing(loaded, () => flushInterval(bootstrap));
    this.#stats = new StatsStore(
      refusing(loaded, () => compileStatsMatcher(bootstrap.statsConfig?.statsMatcher)),
      this.#sinks.isEmpty ? undefined : (title, value) => this.#sinks.record(title, value),
    );
    const stats = this.#stats.root;
    const { relay, workers } = options;
    this.#serverStats = new ServerStats(stats, this.#startedAt, flags.concurrency);
    const node = bootstrap.node;
    this.#clusters = new ClusterManager({
      stats,
      bind: bootstrap.clusterManager?.upstreamBindConfig,
      // Secrets come over clusters, so that their source is made after these.
      secrets: { subscribe: (...wanted) => this.#secrets.subscribe(...wanted) },
      checkEds: (source) => this.#sources.check(source, ENDPOINT_TYPE),
      ...(node?.locality === undefined ? {} : { locality: node.locality }),
      ...(bootstrap.clusterManager?.localClusterName
        ? { localCluster: bootstrap.clusterManager.localClusterName }
        : {}),
    });
    this.#saved =
      flags.stateFolder === undefined || relay !== undefined
        ? undefined
        : new SavedState({ folder: flags.stateFolder, nodeId: node?.id ?? '', log: log.logger('config') });
    this.#sources = refusing(
      loaded,
      () =>
        relay ??
        new ConfigSources({
          clusters: this.#clusters,
          node: nodeOf(loaded),
          ads: bootstrap.dynamicResources?.adsConfig,
          stats,
          log: log.logger('config'),
          onChange: () => this.#saved?.saveSoon(() => this.#states()),
          onFailure: (_, client) => this.#restore(client),
          ...(workers === undefined ? {} : { onTaken: (...news) => workers.hand(...news) }),
        }),
    );
    this.#secrets = new SecretResources(this.#sources, bootstrap.staticResources?.secrets ?? [], stats);
    this.#routes = new RouteResources(this.#sources, stats);
    this.#extensions = new ExtensionResources(this.#sources);
    this.#accessLogs = new AccessLogs({ stats, random: randomNumber });
    const limits = refusing(loaded, () => connectionLimits(bootstrap));
    this.#listeners = new ListenerManager({
      stats,
      kinds: networkFilters(() => this.#isFailing),
      clusters: this.#clusters,
      routes: this.#routes,
      extensions: this.#extensions,
      node: {
        id: node?.id ?? '',
        cluster: node?.cluster ?? '',
        metadata: (node?.metadata ?? {}) as Readonly<Record<string, unknown>>,
      },
      accessLogs: (logs) => this.#accessLogs.compile(logs),
      random: randomNumber,
      secrets: this.#secrets,
      drainTime: flags.drainTime,
      binds: flags.mode === 'validate' ? 'none' : relay === undefined ? 'all' : 'shared',
      onFailure: (name, { message }) => log.logger('config').error(`listener '${name}' failed: ${message}`),
      connectionLimit: (listener) =>
        this.#listeners.connections >= limits.all ? 0 : limits.listeners.get(listener),
    });
    this.#clusterResources = new ClusterResources(this.#clusters, this.#sources, stats);
    this.#listenerResources = new ListenerResources(this.#listeners, this.#sources, stats);
    const place = adminPlace(loaded);
    this.#admin =
      place === undefined || relay !== undefined
        ? undefined
        : new AdminServer(this.#view(tags, new HistogramIntervals(this.#flushInterval)), log.logger('admin'));
  }

  /** Looks at everything that the bootstrap holds, without serving. Throws a `MeshError`. */
  validate(): void {
    this.#putClusters();
    this.#putListeners();
    this.close();
  }

  /** Resolves when the proxy serves (`LIVE`). Rejects with a `MeshError` when it cannot. */
  async start(): Promise<void> {
    const { loaded, flags } = this.#options;
    const { bootstrap } = loaded;
    const place = adminPlace(loaded);
    if (this.#admin !== undefined && place !== undefined) {
      this.#adminAddress = placeText(await this.#admin.listen(place));
      if (flags.adminAddressPath !== undefined) writeFileSync(flags.adminAddressPath, this.#adminAddress);
      this.#log.info(`admin address: ${this.#adminAddress}`);
    }
    if (this.#sendsStats && !this.#flushesOnAdmin) {
      this.#sinks.flushEvery(this.#flushInterval, () => this.#allRows());
    }
    this.#putClusters();
    this.#clusterResources.startStatic();
    await this.#step('cluster manager', async () => {
      const cds = bootstrap.dynamicResources?.cdsConfig;
      if (cds !== undefined) {
        this.#clusterResources.follow(cds);
        await this.#clusterResources.answered;
      }
      await this.#clusterResources.warm();
    });
    this.#log.info('cm init: all clusters initialized');
    this.#setState('INITIALIZING');
    await this.#step('listener manager', async () => {
      this.#putListeners();
      const lds = bootstrap.dynamicResources?.ldsConfig;
      if (lds !== undefined) {
        this.#listenerResources.follow(lds);
        await this.#listenerResources.answered;
      }
      await this.#warmListeners();
    });
    await this.#options.workers?.live();
    if (this.#isClosed) return;
    this.#setState('LIVE');
    this.#serverStats.initialized();
    this.#listeners.started();
    this.#log.info('all dependencies initialized. starting workers');
  }

  /** Connections are told to end at the next chance; no listener closes. */
  drain(request: DrainRequest): void {
    this.#options.workers?.tell({ kind: 'drain', request });
    const direction = request.inboundOnly ? 'inbound' : 'all';
    if (!request.graceful) {
      this.#listeners.stopListening(direction);
      return;
    }
    this.#listeners.drainAll(direction);
    if (request.skipExit || this.#drainTimer !== undefined) return;
    this.#drainTimer = setTimeout(
      () => this.#listeners.stopListening(direction),
      this.#options.flags.drainTime,
    );
    this.#drainTimer.unref();
  }

  /** For log rotation. */
  reopenLogs(): void {
    this.#options.workers?.tell({ kind: 'reopen-logs' });
    this.#accessLogs.reopen();
  }

  /** Health checks that this proxy answers itself fail, until they are told not to. */
  failHealthChecks(isFailing: boolean): void {
    this.#options.workers?.tell({ kind: 'health', isFailing });
    this.#isFailing = isFailing;
    this.#serverStats.state(this.state);
  }

  resetCounters(): void {
    // Asked before the counters are set to 0, here and in the workers.
    if (this.#sendsStats) void this.#allRows().then((rows) => this.#sinks.flush(rows, true));
    this.#options.workers?.tell({ kind: 'reset-counters' });
    this.#stats.resetCounters();
  }

  /** What this process has counted. */
  rows(): readonly StatRow[] {
    this.#clusters.wake();
    this.#serverStats.refresh();
    return this.#stats.rows();
  }

  /** Ends all connections and leaves nothing running. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#sendsStats) this.#last = this.#allRows();
    clearTimeout(this.#drainTimer);
    this.#saved?.saveNow();
    this.#sources.close();
    this.#clusterResources.close();
    this.#listenerResources.close();
    this.#routes.close();
    this.#extensions.close();
    this.#secrets.close();
    this.#listeners.close();
    this.#clusters.close();
    this.#admin?.close();
  }

  /** After `close`: resolves when every line of the access logs is written, and sinks have the last statistics. */
  async flush(): Promise<void> {
    await Promise.all([this.#accessLogs.close(), this.#sinks.close((await this.#last) ?? [])]);
  }

  /** Where the administration interface is, as `127.0.0.1:15000`; empty while there is none. */
  get adminAddress(): string {
    return this.#adminAddress;
  }

  get state(): ServerState {
    return this.#isFailing ? 'DRAINING' : this.#state;
  }

  /** Counters and gauges of all processes are sent by the main one. */
  get #sendsStats(): boolean {
    return !this.#sinks.isEmpty && this.#options.relay === undefined;
  }

  get #flushesOnAdmin(): boolean {
    return this.#options.loaded.bootstrap.statsFlush.value === true;
  }

  async #allRows(): Promise<readonly StatRow[]> {
    return mergeRows([...this.rows(), ...((await this.#options.workers?.rows()) ?? [])]);
  }

  #setState(state: ServerState): void {
    this.#state = state;
    this.#serverStats.state(this.state);
  }

  async #step(name: string, work: () => Promise<void>): Promise<void> {
    this.#waitingFor = [name];
    await work();
    this.#waitingFor = [];
  }

  #putClusters(): void {
    const { loaded } = this.#options;
    const clusters = loaded.clusters.map((encoded) => ({ name: textField(encoded, CLUSTER_NAME), encoded }));
    putAll(loaded, clusters, 'clusters', ({ name, encoded }) =>
      this.#clusterResources.putStatic(name, encoded),
    );
    // Each is kept by its cluster.
    loaded.clusters.length = 0;
  }

  #putListeners(): void {
    const { loaded } = this.#options;
    const listeners = loaded.bootstrap.staticResources?.listeners ?? [];
    putAll(loaded, listeners, 'listeners', (listener: Listener) => {
      if (listener.name === '') listener.name = randomUUID();
      this.#listenerResources.putStatic(listener);
    });
  }

  /** One that cannot listen ends the start when it stands in the bootstrap. */
  async #warmListeners(): Promise<void> {
    const { loaded } = this.#options;
    const statics = new Set((loaded.bootstrap.staticResources?.listeners ?? []).map(({ name }) => name));
    const names = this.#listeners.warming.map(({ name }) => name);
    await Promise.all(
      names.map(async (name) => {
        try {
          await this.#listeners.warm(name);
        } catch (error) {
          if (!statics.has(name)) return;
          const { message } = error as Error;
          throw new MeshError('AddressInUse', message, { where: { file: loaded.source } });
        }
      }),
    );
  }

  /** The controller is away: goes on with what was saved, if it has not said anything yet. */
  #restore(client: XdsClient): void {
    if (this.#saved === undefined || this.#isRestored) return;
    this.#isRestored = true;
    const saved = this.#saved.read();
    if (saved.size === 0) return;
    this.#options.log
      .logger('config')
      .warning('the controller does not answer; the saved configuration is used');
    client.restore(saved);
  }

  *#states(): IterableIterator<TypeState> {
    for (const typeUrl of TYPE_ORDER) yield* this.#sources.states(typeUrl);
  }

  #view(tags: TagExtractor, intervals: HistogramIntervals): AdminView {
    const { loaded, flags, log, version, onQuit, workers } = this.#options;
    return adminView({
      version,
      startedAt: this.#startedAt,
      commandLine: flags.shown,
      bootstrap: loaded.bootstrap,
      staticClusterNames: this.#clusterResources.statics,
      log,
      tags,
      intervals,
      clusterManager: this.#clusters,
      listenerManager: this.#listeners,
      routes: this.#routes,
      sources: this.#sources,
      state: () => this.state,
      waitingFor: () => this.#waitingFor,
      rows: async () => {
        const rows = await this.#allRows();
        if (this.#sendsStats && this.#flushesOnAdmin) this.#sinks.flush(rows);
        return rows;
      },
      setLogLevel: (level, logger) => {
        log.setLevel(level, logger);
        workers?.tell({ kind: 'log-level', level, logger });
      },
      resetCounters: () => this.resetCounters(),
      drainListeners: (request) => this.drain(request),
      quit: onQuit,
      failHealthChecks: (isFailing) => this.failHealthChecks(isFailing),
      reopenLogs: () => this.reopenLogs(),
    });
  }
}

function randomNumber(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
