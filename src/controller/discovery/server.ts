/** The discovery server: keeps the newest state of the mesh, and brings every connected proxy to it. */

import { MeshError } from '../../base/mesh-error.ts';
import type { ProxyIdentity } from '../../xds/proxy-identity.ts';
import { type ProxyResources, type Resource, SECRET_TYPE } from '../../xds/resource.ts';
import type { ConfigLookup } from '../config-service/resources.ts';
import type { Log } from '../../base/log.ts';
import { type EncodedResource, ResourceEncoder } from './encoder.ts';
import type { DiscoveryMetrics } from './metrics.ts';
import type { Protocol } from './protocol.ts';
import { RequestNames } from './request-names.ts';
import { SendQueue } from './send-queue.ts';
import { LOCAL_SOCKET } from '../grpc/call.ts';
import type { NameSet } from './names.ts';
import { type Door, ProxyStream, type Sink, type StreamEvent, type StreamHost } from './stream.ts';
import { EMPTY_VIEW, type ProxyView, type TypeView, ViewMaker } from './view.ts';

/** What a state of the mesh is for one proxy. Throws when it cannot be made. */
export type Translate = (proxy: ProxyIdentity) => ProxyResources;

/** The Secret of a name for one proxy; undefined when there is none, or it may not have it. */
export type SecretLookup = (proxy: ProxyIdentity, name: string) => Resource | undefined;

export interface DiscoveryOptions {
  /** Begins every version, so that those of two runs differ. */
  readonly versionPrefix: string;
  /** Bytes that may be on their way to proxies at once. */
  readonly maxBytesInFlight: number;
  /** Who may take the objects of the configuration: whoever is on this machine, or anyone. Local when absent. */
  readonly configClients?: 'local' | 'any';
  /** This controller and all that its configuration comes from: told to controllers that read it here. */
  readonly lineage?: () => readonly string[];
  /** What is still waited for before there is a state; until then nobody is admitted. Without it streams wait. */
  readonly loading?: () => readonly string[];
  readonly log: Log;
  readonly metrics: DiscoveryMetrics;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A proxy whose resources could not be made. */
export interface TranslationFault {
  readonly proxy: string;
  readonly message: string;
  readonly at: number;
}

export class DiscoveryServer implements StreamHost {
  readonly views: ViewMaker;
  readonly queue: SendQueue;
  readonly requestNames = new RequestNames();
  readonly streams = new Set<ProxyStream>();
  /** By node id; of the newest state, and of proxies that are connected. */
  readonly faults = new Map<string, TranslationFault>();
  generation = 0;
  readonly #encoder = new ResourceEncoder();
  readonly #options: DiscoveryOptions;
  #translate: Translate | undefined;
  #secret: SecretLookup = () => undefined;
  #configView: ProxyView | undefined;
  #streamCount = 0;
  /** Streams that have not been brought to the newest state. */
  readonly #behind = new Set<ProxyStream>();
  /** When the newest state came, until all proxies have it. */
  #pendingSince: number | undefined;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.views = new ViewMaker(this.#encoder);
    this.queue = new SendQueue(options.maxBytesInFlight);
  }

  get version(): string {
    return `${this.#options.versionPrefix}/${this.generation}`;
  }

  get hasState(): boolean {
    return this.#translate !== undefined;
  }

  now(): number {
    return this.#options.now();
  }

  /**
   * Takes a new state of the mesh and starts bringing the proxies to it; `config` are its objects, for controllers,
   * `secret` its Secrets, for those who may have them.
   */
  update(
    translate: Translate,
    config: ConfigLookup = () => [],
    secret: SecretLookup = () => undefined,
  ): void {
    this.#translate = translate;
    this.#secret = secret;
    this.#configView = this.views.configView(config);
    this.generation += 1;
    this.#pendingSince ??= this.now();
    this.faults.clear();
    for (const stream of this.streams) {
      if (stream.proxy === undefined) continue;
      this.#behind.add(stream);
      this.queue.add(stream);
    }
    this.#noteConvergence();
  }

  #noteSync(stream: ProxyStream): void {
    if (!stream.isInSync || !this.#behind.delete(stream)) return;
    if (this.#behind.size === 0) this.#noteConvergence();
  }

  #noteConvergence(): void {
    if (this.#pendingSince === undefined || this.#behind.size > 0) return;
    if (this.streams.size > 0) {
      this.#options.metrics.convergence.observe((this.now() - this.#pendingSince) / 1000);
    }
    this.#pendingSince = undefined;
  }

  viewOf(proxy: ProxyIdentity, previous: ProxyView | undefined): ProxyView | undefined {
    if (this.#translate === undefined) return previous;
    if (proxy.isConfigClient) return this.#configView;
    try {
      return this.views.view(this.#translate(proxy));
    } catch (error) {
      // One proxy's fault must not stop the others; it keeps what it has.
      const message = error instanceof Error ? error.message : String(error);
      this.faults.set(proxy.nodeId, { proxy: proxy.id, message, at: this.now() });
      this.#options.metrics.translationErrors.add();
      this.#options.log.error('the resources of a proxy cannot be made', {
        proxy: proxy.id,
        reason: message,
      });
      return previous;
    }
  }

  secretsOf(proxy: ProxyIdentity, names: NameSet): TypeView {
    if (names.size === 0) return EMPTY_VIEW;
    return this.views.viewOf([...names].flatMap((name) => this.#secret(proxy, name) ?? []));
  }

  /** Throws a `MeshError` for who may not have what it asks for, or not yet. */
  admit(peer: string, { isConfigClient }: ProxyIdentity): void {
    const { configClients, loading } = this.#options;
    if (isConfigClient && configClients !== 'any' && !isLocal(peer)) {
      throw new MeshError('NotAllowed', `the objects of the configuration are not served to ${peer}`, {
        hint: 'Start the controller with --config-clients any to serve them to other machines.',
      });
    }
    if (this.hasState || loading === undefined) return;
    // Controllers that wait for each other in a circle are found by this.
    const sources = isConfigClient ? loading() : [];
    const waits = sources.length === 0 ? '' : `, for it waits for ${sources.join(' and ')}`;
    throw new MeshError('NotReady', `the configuration is not loaded yet${waits}`);
  }

  controlPlaneFor(proxy: ProxyIdentity | undefined): string | undefined {
    return proxy?.isConfigClient === true ? this.#options.lineage?.().join(' ') : undefined;
  }

  encode(resource: Resource): EncodedResource {
    return this.#encoder.encode(resource);
  }

  /** Opens a stream. */
  open(door: Door, protocol: Protocol, sink: Sink): ProxyStream {
    this.#streamCount += 1;
    const stream = new ProxyStream(this.#streamCount, door, protocol, this, sink);
    this.streams.add(stream);
    return stream;
  }

  /** Forgets a stream that has ended. */
  ended(stream: ProxyStream): void {
    stream.closed();
    this.streams.delete(stream);
    this.#behind.delete(stream);
    if (stream.proxy === undefined) return;
    this.faults.delete(stream.proxy.nodeId);
    this.#options.log.info('a proxy has left', { proxy: stream.proxy.id, stream: stream.id });
    this.#noteConvergence();
  }

  /** Ends all streams; the proxies go to another controller or come back. */
  drain(): void {
    for (const stream of this.streams) stream.close('unavailable', 'the controller is shutting down');
  }

  onEvent(event: StreamEvent): void {
    const { log, metrics } = this.#options;
    switch (event.kind) {
      case 'secrets-refused':
        log.warn('Secrets are not served here', {
          proxy: event.stream.proxy?.id,
          peer: event.stream.peer,
          names: [...event.watch.names].slice(0, MAX_LOGGED_NAMES),
          reason: SECRETS_REFUSED,
        });
        break;
      case 'connected': {
        const { id, peer, protocol, proxy } = event.stream;
        log.info('a proxy has come', { proxy: proxy?.id, stream: id, peer, protocol: protocol.name });
        break;
      }
      case 'sent':
        metrics.sent(event.typeUrl, event.bytes);
        break;
      case 'ack':
      case 'idle':
        this.#noteSync(event.stream);
        break;
      case 'nack': {
        const { watch, stream } = event;
        metrics.rejected(watch.typeUrl);
        log.warn('a proxy refuses what it was sent', {
          proxy: stream.proxy?.id,
          type: watch.typeUrl,
          resources: watch.nack?.names.slice(0, MAX_LOGGED_NAMES),
          reason: watch.nack?.message,
        });
        break;
      }
      case 'refused':
        // Who comes too early comes again.
        log[event.error.code === 'NotReady' ? 'debug' : 'warn']('a discovery request is refused', {
          peer: event.stream.peer,
          reason: event.error.message,
        });
        break;
    }
  }
}

const SECRETS_REFUSED =
  'Secrets are served only over a Unix domain socket (--grpc-addr unix:///PATH), as nobody shows here who they are.';

/** A refused response may hold thousands of resources. */
const MAX_LOGGED_NAMES = 10;

/** Why a stream gets nothing of a type, where that is for Secrets that are not served on it. */
export function refusalOfSecrets({ door }: ProxyStream, typeUrl: string): string | undefined {
  return typeUrl === SECRET_TYPE && !door.servesSecrets ? SECRETS_REFUSED : undefined;
}

function isLocal(peer: string): boolean {
  return peer === LOCAL_SOCKET || /^(?:::ffff:)?127\.|^::1:/.test(peer);
}
