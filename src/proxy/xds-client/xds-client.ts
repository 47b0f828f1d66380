/**
 * The client of discovery: one stream to the controller, for one or many types of resources. It comes back after
 * every failure, tells what it has, and keeps what is in force until something newer is taken.
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
 */

import { Backoff } from '../../base/backoff.ts';
import type { Node } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type { Logger } from '../process-log.ts';
import type { StatsScope } from '../stats/stats.ts';
import type { Clusters } from '../upstream/types.ts';
import { type GrpcEnd, GrpcStream } from './grpc-stream.ts';
import { DELTA, type Protocol, STATE_OF_THE_WORLD } from './protocol.ts';
import {
  CLUSTER_TYPE,
  LISTENER_TYPE,
  type RawResource,
  type Refusal,
  type ResourceHandler,
  TYPE_ORDER,
} from './resource-types.ts';
import { TypeState } from './type-state.ts';

export interface XdsClientOptions {
  readonly clusters: Clusters;
  /** The cluster that the controller is in. */
  readonly clusterName: string;
  readonly method: { readonly path: string; readonly protocol: 'delta' | 'state-of-the-world' };
  readonly node: Node;
  /** Milliseconds between attempts to connect. */
  readonly backoff?: { readonly first: number; readonly max: number };
  readonly headers?: Readonly<Record<string, string>>;
  /** `control_plane.`. */
  readonly stats: StatsScope;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** A response was taken: something of what is held may be other than before. */
  onChange?(): void;
  /** A stream ended before it brought anything. */
  onFailure?(end: GrpcEnd): void;
}

const BACKOFF = { first: 500, max: 30_000 } as const;

export class XdsClient {
  readonly #options: XdsClientOptions;
  readonly #protocol: Protocol;
  readonly #types = new Map<string, TypeState>();
  readonly #backoff: Backoff;
  readonly #now: () => number;
  readonly #closing = new AbortController();
  #stream: GrpcStream | undefined;
  #nodeSent = false;
  #isFlushing = false;
  #started = false;

  constructor(options: XdsClientOptions) {
    this.#options = options;
    this.#protocol = options.method.protocol === 'delta' ? DELTA : STATE_OF_THE_WORLD;
    this.#backoff = new Backoff(options.backoff ?? BACKOFF);
    this.#now = options.now ?? Date.now;
  }

  /** Who takes the resources of a type; before the first of them is wanted. */
  handle(typeUrl: string, handler: ResourceHandler): void {
    this.#types.set(typeUrl, new TypeState(typeUrl, handler));
  }

  /** Every resource of the type is wanted. */
  wantAll(typeUrl: string): void {
    this.#type(typeUrl).wantsAll = true;
    this.#flushSoon();
  }

  /** One more user of that resource: it is asked for, or handed over when it is here. */
  want(typeUrl: string, name: string): void {
    this.#type(typeUrl).want(name);
    this.#flushSoon();
  }

  /** One user less. */
  release(typeUrl: string, name: string): void {
    this.#type(typeUrl).release(name);
    this.#flushSoon();
  }

  /** Types with all that is known of them, for those who show or save it. */
  get types(): ReadonlyMap<string, TypeState> {
    return this.#types;
  }

  /** Whether the stream is up and has brought something. */
  get isConnected(): boolean {
    return this.#options.stats.gauge('connected_state').value === 1;
  }

  /** Begins to connect, and goes on until `close`. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#connect();
  }

  /** Puts what an earlier process saved into force, as far as the controller has not answered yet. */
  restore(saved: ReadonlyMap<string, readonly RawResource[]>): void {
    for (const state of this.#ordered()) {
      const resources = saved.get(state.typeUrl) ?? [];
      if (state.answered || resources.length === 0) continue;
      for (const { name, reason } of state.restore(resources, this.#now())) {
        this.#options.log.warning(`the saved ${state.typeUrl} ${name} is not used: ${reason}`);
      }
    }
  }

  close(): void {
    this.#closing.abort();
    this.#stream?.close();
    this.#stream = undefined;
    for (const state of this.#types.values()) state.close();
  }

  #type(typeUrl: string): TypeState {
    const state = this.#types.get(typeUrl);
    if (state === undefined) throw new Error(`nobody takes resources of type ${typeUrl}`);
    return state;
  }

  #ordered(): readonly TypeState[] {
    const place = ({ typeUrl }: TypeState): number => TYPE_ORDER.indexOf(typeUrl);
    return [...this.#types.values()].sort((left, right) => place(left) - place(right));
  }

  #connect(): void {
    if (this.#closing.signal.aborted) return;
    const { clusters, clusterName, method, headers = {} } = this.#options;
    const cluster = clusters.get(clusterName);
    const host = cluster?.choose(NO_CONTEXT);
    if (cluster === undefined || host === undefined) {
      this.#onEnd({ code: 14, message: `no healthy upstream in cluster ${clusterName}` });
      return;
    }
    this.#nodeSent = false;
    for (const state of this.#types.values()) state.resetStream();
    const stream = new GrpcStream(
      cluster,
      host,
      { path: method.path, headers },
      {
        onMessage: (bytes) => this.#onMessage(bytes),
        onEnd: (end) => this.#onEnd(end),
      },
    );
    this.#stream = stream;
    this.#flush();
  }

  #onEnd(end: GrpcEnd): void {
    const { stats, log, onFailure } = this.#options;
    const wasConnected = this.isConnected;
    this.#stream = undefined;
    stats.gauge('connected_state').value = 0;
    log.warning(
      `${this.#options.method.path.split('/').at(-1)} gRPC config stream to ${this.#options.clusterName} closed: ` +
        `${end.code}, ${end.message}`,
    );
    if (!wasConnected) onFailure?.(end);
    void this.#backoff.pause(this.#closing.signal).then(() => this.#connect());
  }

  #onMessage(bytes: Buffer): void {
    const { stats, log } = this.#options;
    stats.gauge('connected_state').value = 1;
    this.#backoff.reset();
    let response;
    try {
      response = this.#protocol.response(bytes);
    } catch (error) {
      log.error(`a discovery response cannot be decoded: ${(error as Error).message}`);
      return;
    }
    const state = this.#types.get(response.typeUrl);
    if (state === undefined) {
      log.warning(`a discovery response has type ${response.typeUrl.slice(0, 200)}, which was not asked for`);
      return;
    }
    state.nonce = response.nonce;
    const onExpired = (): void => {
      log.info(`a resource of type ${state.typeUrl} came to the end of its time to live`);
      this.#flushSoon();
      this.#options.onChange?.();
    };
    const { refusals, changed } = state.take(response, this.#protocol, this.#now(), onExpired);
    const error = refusals.length === 0 ? undefined : refusalText(state.typeUrl, refusals);
    if (error === undefined) state.version = response.version;
    else log.warning(`${this.#protocol.name} gRPC config for ${state.typeUrl} rejected: ${error}`);
    log.debug(`${state.typeUrl}: ${response.resources.length} resources, ${response.removed.length} removed`);
    this.#send(state, error, true);
    this.#flushSoon();
    if (changed) this.#options.onChange?.();
  }

  /** What is wanted changes in bursts; the controller is told once. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#stream === undefined) return;
    for (const state of this.#ordered()) {
      if (state.opened || state.isWanted) this.#send(state, undefined, false);
    }
  }

  /** Tells the controller of a type: an answer to its last response, or new names; nothing when there are none. */
  #send(state: TypeState, error: string | undefined, isAnswer: boolean): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    const isFirst = !state.opened;
    const { subscribe, unsubscribe } = state.takeChanges();
    if (!isFirst && !isAnswer && subscribe.length === 0 && unsubscribe.length === 0) return;
    state.opened = true;
    const { names, wantsAll } = state;
    stream.send(
      this.#protocol.request({
        node: this.#nodeSent ? undefined : this.#options.node,
        typeUrl: state.typeUrl,
        // A delta request that is no answer carries no nonce; the other form always has the last one.
        nonce: isAnswer || this.#protocol.isWhole ? state.nonce : '',
        error,
        version: state.version,
        names: wantsAll ? (names.length === 0 ? [] : ['*', ...names]) : names,
        subscribe: isFirst && wantsAll && subscribe.length > 0 ? ['*', ...subscribe] : subscribe,
        unsubscribe,
        initialVersions: isFirst ? state.initialVersions() : {},
      }),
    );
    this.#nodeSent = true;
  }
}

/** The controller is asked for by nothing but the cluster's own order. */
const NO_CONTEXT = {
  hash: () => undefined,
  metadataMatch: undefined,
  originalDestination: undefined,
} as const;

/** Bytes of an answer's reason: headers have to be able to carry it. */
const MAX_REASON = 4096;

/** Words that Envoy begins the reason with. */
const BEGINNINGS: Readonly<Record<string, string>> = {
  [CLUSTER_TYPE]: 'Error adding/updating cluster(s) ',
  [LISTENER_TYPE]: 'Error adding/updating listener(s) ',
};

function refusalText(typeUrl: string, refusals: readonly Refusal[]): string {
  const lines = refusals.map(({ name, reason }) => (name === '' ? reason : `${name}: ${reason}`));
  const text = `${BEGINNINGS[typeUrl] ?? ''}${lines.join('\n')}`;
  return text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}…` : text;
}
