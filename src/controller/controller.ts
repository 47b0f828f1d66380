/** The control plane in one value: configuration in, debounced; a snapshot; discovery and HTTP out. */

import type { KindKey } from '../api/kind-info.ts';
import { MeshError } from '../base/mesh-error.ts';
import { Debouncer } from '../config/sources/debounce.ts';
import { FolderSource } from '../config/sources/folders.ts';
import { PathWatch } from '../config/sources/path-watch.ts';
import type { ChangeSet, ConfigSource } from '../config/sources/source.ts';
import { type Access, loadAccess } from '../kube/access.ts';
import { KubeSource } from '../kube/source.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { TranslationProblem } from '../xds/problem.ts';
import type { ProxyIdentity } from '../xds/proxy-identity.ts';
import type { ProxyResources } from '../xds/resource.ts';
import { TranslationMemo } from '../xds/translation-memo.ts';
import { ConfigResources } from './config-service/resources.ts';
import { DiscoveryListener } from './discovery/grpc.ts';
import { DiscoveryMetrics } from './discovery/metrics.ts';
import { DiscoveryServer } from './discovery/server.ts';
import { objectProblems } from './debug/object-problems.ts';
import type { DebugContext } from './debug/page.ts';
import { HttpListener } from './http.ts';
import type { Log } from '../base/log.ts';
import { readMeshConfig } from './mesh-config.ts';
import { MeshState } from './mesh-state.ts';
import { MeshMetrics } from './mesh-metrics.ts';
import { PushPace } from './push-pace.ts';
import { SecretService } from './secrets.ts';
import type { Settings } from './settings.ts';
import { StatusKeeper } from './status/keeper.ts';
import { controllerId, XdsSource } from './upstream/source.ts';
import { wantedKinds } from './wanted-kinds.ts';
import { WebhookMetrics } from './webhooks/metrics.ts';
import { Webhooks } from './webhooks/webhooks.ts';

/** The mesh for one proxy, with what of the configuration does not hold for it. */
export type MeshTranslate = (
  snapshot: Snapshot,
  proxy: ProxyIdentity,
  memo: TranslationMemo,
) => ProxyResources & { readonly problems: readonly TranslationProblem[] };

/** Times for reading files, in milliseconds: an editor writes a file in several steps. */
const FILE_TIMES = { debounce: { quiet: 20, max: 1000 }, lookEvery: 2000 } as const;

export class Controller {
  readonly discovery: DiscoveryServer;
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #translate: MeshTranslate;
  /** Where several have the same object, that of the last one counts: files are nearer to who starts this. */
  readonly #sources: ConfigSource[] = [];
  readonly #upstreams: XdsSource[] = [];
  /** Names of other controllers that have not told of everything yet. */
  readonly #awaited = new Set<string>();
  readonly #id = controllerId();
  #isServing = false;
  #isStopped = false;
  readonly #state: MeshState;
  readonly #pushing: PushPace;
  readonly #meshMetrics = new MeshMetrics();
  readonly #metrics = new DiscoveryMetrics();
  readonly #webhookMetrics = new WebhookMetrics();
  /** Of the state that each proxy was last brought to. */
  readonly #problems = new WeakMap<ProxyIdentity, readonly TranslationProblem[]>();
  readonly #told = new Set<string>();
  readonly #toldLists = new WeakSet<readonly TranslationProblem[]>();
  readonly #memo: TranslationMemo;
  readonly #configResources: ConfigResources;
  readonly #secrets: SecretService;
  #meshConfigWatch: PathWatch | undefined;
  #meshConfigReading: Debouncer | undefined;
  #meshConfigText = '';
  readonly #grpc: DiscoveryListener[] = [];
  #http: HttpListener | undefined;
  #access: Access | undefined;
  #status: StatusKeeper | undefined;
  #webhooks: Webhooks | undefined;

  constructor(settings: Settings, log: Log, translate: MeshTranslate) {
    this.#settings = settings;
    this.#log = log;
    this.#translate = translate;
    const { istioNamespace, domain, clusterId } = settings;
    this.#state = new MeshState({ sources: this.#sources, istioNamespace, domain, clusterId });
    this.#pushing = new PushPace({ quiet: settings.debounceAfter, max: settings.debounceMax }, (kinds) =>
      this.#push(kinds),
    );
    this.discovery = new DiscoveryServer({
      // Two controllers, and two runs of one, never give the same name to different states.
      versionPrefix: new Date().toISOString(),
      maxBytesInFlight: settings.maxBytesInFlight,
      configClients: settings.configClients,
      lineage: () => [this.#id, ...new Set(this.#upstreams.flatMap(({ lineage }) => lineage))],
      loading: () => [...this.#awaited],
      log,
      metrics: this.#metrics,
      now: () => Date.now(),
    });
    this.#configResources = new ConfigResources(istioNamespace);
    this.#secrets = new SecretService({ log, metrics: this.#metrics, now: () => Date.now() });
    // Messages are larger than their bytes, and nobody looks at them after that.
    this.#memo = new TranslationMemo((resource) => this.discovery.encode(resource));
  }

  /** Where proxies connect, once started; 0 where that is only a Unix domain socket. */
  get grpcPort(): number {
    return this.#grpc.find(({ port }) => port !== 0)?.port ?? 0;
  }

  get httpPort(): number {
    return this.#http?.port ?? 0;
  }

  /** Where webhooks are; 0 where there are none. */
  get httpsPort(): number {
    return this.#webhooks?.port ?? 0;
  }

  /** Reads the configuration and begins to serve it. Throws a `MeshError` for what makes that impossible. */
  async start(): Promise<void> {
    const { meshConfig, grpcAddresses, httpAddress, sendTimeout } = this.#settings;
    try {
      this.#http = await HttpListener.start({
        ...httpAddress,
        isReady: () => this.#isServing,
        metrics: () => this.#metricsText(),
        debug: this.#debug,
      });
      // Who comes before there is a state is told so.
      for (const address of grpcAddresses) {
        this.#grpc.push(await DiscoveryListener.start(this.discovery, { address, sendTimeout }));
      }
      if (meshConfig !== undefined) await this.#startMeshConfig(meshConfig);
      await this.#startSources();
      if (this.#isStopped) return;
      this.#logFaults();
      this.#push(new Set());
      await this.#startWebhooks();
      if (this.#isStopped) return await this.#webhooks?.stop();
      if (this.#access !== undefined && this.#settings.writesStatus) this.#keepStatus(this.#access);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#isServing = true;
    this.#log.info('the controller serves its configuration', {
      grpc: this.grpcPort,
      http: this.httpPort,
      ...(this.#webhooks === undefined ? {} : { https: this.httpsPort }),
      objects: this.#state.objects.length,
    });
  }

  get #debug(): DebugContext {
    return {
      state: this.#state,
      discovery: this.discovery,
      log: this.#log,
      problems: () => this.#allProblems(),
    };
  }

  /** Stops to serve: streams end, and proxies have the drain time to go elsewhere. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#pushing.cancel();
    for (const source of this.#sources) source.stop();
    this.#meshConfigWatch?.close();
    this.#meshConfigReading?.cancel();
    // Another takes over what this one did, while its proxies go elsewhere.
    await this.#status?.stop();
    await Promise.all(this.#grpc.map((listener) => listener.drain(this.#settings.drainTime)));
    await this.#webhooks?.stop();
    await this.#http?.stop();
  }

  #keepStatus(access: Access): void {
    this.#status = new StatusKeeper({
      access,
      namespace: this.#settings.istioNamespace,
      state: this.#state,
      problems: () => objectProblems(this.#debug),
      log: this.#log,
    });
  }

  async #startWebhooks(): Promise<void> {
    const { httpsAddress: address, tlsFiles, istioNamespace } = this.#settings;
    if (address === undefined) return;
    this.#webhooks = await Webhooks.start({
      address,
      tlsFiles,
      access: this.#access,
      istioNamespace,
      revision: process.env['REVISION'] ?? '',
      state: this.#state,
      metrics: this.#webhookMetrics,
      log: this.#log,
    });
  }

  #metricsText(): string {
    const ofWebhooks = this.#settings.httpsAddress === undefined ? [] : this.#webhookMetrics.families;
    return this.#meshMetrics.text(this.#state, this.discovery, this.#metrics, ofWebhooks);
  }

  async #startSources(): Promise<void> {
    const { config, kubeconfig, context, istioNamespace, grpcAddresses } = this.#settings;
    // Where nobody can be given Secrets they are not read either.
    const servesSecrets = grpcAddresses.some((address) => 'path' in address);
    const admission = {
      defaultNamespace: 'default',
      rootNamespace: istioNamespace,
      usesSecrets: servesSecrets,
    };
    if (kubeconfig !== undefined) {
      const access = await loadAccess({ kubeconfig, context });
      this.#log.info('the cluster is read', { cluster: access.name, server: access.server });
      const wanted = wantedKinds(istioNamespace, { servesSecrets });
      this.#sources.push(new KubeSource(access, { ...admission, wanted }));
      this.#access = access;
    }
    const kinds = wantedKinds(istioNamespace).map(({ info }) => info);
    for (const upstream of this.#settings.upstreams) {
      this.#log.info('another control plane is read', upstream);
      this.#upstreams.push(new XdsSource(upstream, { ...admission, kinds, id: this.#id }));
    }
    this.#sources.push(...this.#upstreams);
    if (config.length > 0) this.#sources.push(new FolderSource(config, { ...FILE_TIMES, ...admission }));
    // A folder that is not there is told of at once, whether or not the cluster answers.
    for (const { name } of this.#upstreams) this.#awaited.add(name);
    const begun = this.#sources.map(async (source) => {
      await source.start((change) => this.#changed(change));
      this.#awaited.delete(source.name);
    });
    await Promise.all(begun);
  }

  async #startMeshConfig(file: string): Promise<void> {
    const reading = new Debouncer(FILE_TIMES.debounce, () => void this.#readMeshConfigAgain(file));
    this.#meshConfigReading = reading;
    this.#meshConfigWatch = new PathWatch([file], FILE_TIMES, () => reading.trigger());
    this.#state.meshConfig = await readMeshConfig(file, this.#log);
    this.#meshConfigText = JSON.stringify(this.#state.meshConfig);
  }

  async #readMeshConfigAgain(file: string): Promise<void> {
    try {
      const config = await readMeshConfig(file, this.#log);
      if (this.#isStopped) return;
      this.#state.meshConfigError = undefined;
      const text = JSON.stringify(config);
      if (text === this.#meshConfigText) return;
      this.#meshConfigText = text;
      this.#state.meshConfig = config;
      this.#log.info('the MeshConfig has changed', { file });
      this.#pushing.changed([]);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      if (this.#state.meshConfigError === error.message) return;
      this.#state.meshConfigError = error.message;
      this.#log.error('the MeshConfig is not taken; the one before stays in force', {
        ...error.where,
        file,
        reason: error.message,
      });
    }
  }

  #changed(change: ChangeSet): void {
    const { changed, removed } = change;
    this.#meshMetrics.changed(change);
    if (changed.length + removed.length > 0)
      this.#log.info('the configuration has changed', { changed: changed.length, removed: removed.length });
    this.#logFaults();
    const all = [...changed, ...removed];
    if (all.length > 0) this.#pushing.changed(all.map(({ key }) => key));
  }

  #logFaults(): void {
    for (const { name, notes } of this.#state.sources) {
      for (const note of notes)
        this.#tellOnce(`note ${name} ${note}`, () =>
          this.#log.warn('a source is not complete', { source: name, reason: note }),
        );
    }
    for (const rejection of this.#state.rejections) {
      this.#tellOnce(`rejected ${JSON.stringify(rejection)}`, () =>
        this.#log.error('an object is set aside', { ...rejection }),
      );
    }
  }

  #push(changedKinds: ReadonlySet<KindKey>): void {
    const { mesh } = this.#state.snapshot ?? {};
    const begun = performance.now();
    const snapshot = this.#state.rebuild();
    this.#meshMetrics.pushed((performance.now() - begun) / 1_000);
    this.#memo.moveTo(snapshot, snapshot.mesh === mesh ? changedKinds : undefined);
    this.discovery.update(
      (proxy) => {
        const resources = this.#translate(snapshot, proxy, this.#memo);
        this.#problems.set(proxy, resources.problems);
        this.#tellProblems(resources.problems);
        return resources;
      },
      this.#configResources.of(snapshot),
      this.#secrets.of(snapshot),
    );
    this.#log.debug('a new state is sent', { version: this.discovery.version });
  }

  #tellProblems(problems: readonly TranslationProblem[]): void {
    // Proxies that get the same have the same list.
    if (this.#toldLists.has(problems)) return;
    this.#toldLists.add(problems);
    for (const problem of problems) {
      this.#tellOnce(`problem ${JSON.stringify(problem)}`, () =>
        this.#log.warn('configuration is not in force', { ...problem.object, reason: problem.message }),
      );
    }
  }

  /** What stays wrong is said once, not at every change. */
  #tellOnce(key: string, tell: () => void): void {
    if (this.#told.has(key)) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.add(key);
    tell();
  }

  #allProblems(): readonly TranslationProblem[] {
    // Proxies that get the same have the same list.
    const lists = new Set([...this.discovery.streams].map(({ proxy }) => proxy && this.#problems.get(proxy)));
    const all = [...lists].flatMap((list) => list ?? []);
    return [...new Map(all.map((problem) => [JSON.stringify(problem), problem])).values()];
  }
}

/** Bounds what is remembered of what has been said. */
const MAX_TOLD = 10_000;
