/** One proxy's stream: takes its requests, and sends it what it lacks whenever it can take it. */

import { MeshError } from '../../base/mesh-error.ts';
import { type ProxyIdentity, proxyIdentity } from '../../xds/proxy-identity.ts';
import type { Resource } from '../../xds/resource.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE, SECRET_TYPE } from '../../xds/resource.ts';
import type { Sender, SendQueue } from './send-queue.ts';
import type { EncodedResource } from './encoder.ts';
import type { Protocol, ProxyRequest } from './protocol.ts';
import type { NameSet } from './names.ts';
import type { RequestNames } from './request-names.ts';
import { EMPTY_VIEW, type ProxyView, TYPE_ORDER, type TypeView, type ViewMaker } from './view.ts';
import { type DueResources, Watch } from './watch.ts';

/** Why a call is ended from this side. */
export type Refusal = 'invalid' | 'denied' | 'unavailable';

/** The sending side of a call. */
export interface Sink {
  /** `done` is called when the bytes are on their way, and when they never will be. */
  write(pieces: readonly Buffer[], done: () => void): void;
  /** Ends the call with an error that the proxy sees; it will come back. */
  refuse(reason: Refusal, message: string): void;
}

/** Where a stream came in. */
export interface Door {
  /** The client's address and port. */
  readonly peer: string;
  /** Only the controller's own user can come in here, so that Secrets may be served. */
  readonly servesSecrets: boolean;
}

/** What a stream needs of the server; one value for all streams. */
export interface StreamHost {
  readonly views: ViewMaker;
  readonly queue: SendQueue;
  readonly requestNames: RequestNames;
  /** Grows with each state of the mesh. */
  readonly generation: number;
  /** The newest state's name, as responses carry it. */
  readonly version: string;
  /** The proxy's part of the newest state; `previous` when it cannot be made. Undefined before the first state. */
  viewOf(proxy: ProxyIdentity, previous: ProxyView | undefined): ProxyView | undefined;
  /** The Secrets of these names, as far as the proxy may have them, in the newest state. */
  secretsOf(proxy: ProxyIdentity, names: NameSet): TypeView;
  /** Throws a `MeshError` for who may not have what it asks for, or not yet. */
  admit(peer: string, proxy: ProxyIdentity): void;
  /** What answers to the proxy say of who gives them. */
  controlPlaneFor(proxy: ProxyIdentity | undefined): string | undefined;
  encode(resource: Resource): EncodedResource;
  onEvent(event: StreamEvent): void;
  now(): number;
}

export type StreamEvent =
  | { readonly kind: 'connected'; readonly stream: ProxyStream }
  /** All that can be sent now has been sent. */
  | { readonly kind: 'idle'; readonly stream: ProxyStream }
  | { readonly kind: 'sent'; readonly typeUrl: string; readonly resources: number; readonly bytes: number }
  | { readonly kind: 'ack'; readonly stream: ProxyStream; readonly watch: Watch }
  | { readonly kind: 'nack'; readonly stream: ProxyStream; readonly watch: Watch }
  | { readonly kind: 'refused'; readonly stream: ProxyStream; readonly error: MeshError }
  /** Secrets are asked for where none are served. */
  | { readonly kind: 'secrets-refused'; readonly stream: ProxyStream; readonly watch: Watch };

/** By code of the error. */
const REFUSALS: Readonly<Record<string, Refusal>> = { NotAllowed: 'denied', NotReady: 'unavailable' };

/** Anything may be asked for, and most is answered with nothing; another controller asks for each kind. */
const MAX_TYPES = 128;

/** Names that a stream may ask for of one type: some times as many as one request can hold. */
const MAX_NAMES = 500_000;

export class ProxyStream implements Sender {
  readonly id: number;
  readonly door: Door;
  readonly protocol: Protocol;
  readonly connectedAt: number;
  readonly watches = new Map<string, Watch>();
  /** The watches in the order in which changes are told. */
  #ordered: readonly Watch[] = [];
  readonly #host: StreamHost;
  readonly #sink: Sink;
  proxy: ProxyIdentity | undefined;
  view: ProxyView | undefined;
  /** The state that the proxy was last brought to. */
  generation = -1;
  /** The Secrets that are asked for, and what they were looked up for. */
  #secrets: { readonly names: NameSet; readonly generation: number; readonly view: TypeView } | undefined;
  #nonces = 0;
  /** A response has not been written yet. */
  #isSending = false;
  #isClosed = false;

  constructor(id: number, door: Door, protocol: Protocol, host: StreamHost, sink: Sink) {
    this.id = id;
    this.door = door;
    this.protocol = protocol;
    this.#host = host;
    this.#sink = sink;
    this.connectedAt = host.now();
  }

  get peer(): string {
    return this.door.peer;
  }

  /** Takes a request as it came off the wire. */
  receive(bytes: Buffer): void {
    if (this.#isClosed) return;
    try {
      this.#take(this.protocol.readRequest(bytes, this.#host.requestNames));
    } catch (error) {
      const reason =
        error instanceof MeshError
          ? error
          : new MeshError('BadDiscoveryRequest', `the request cannot be read: ${(error as Error).message}`);
      this.#host.onEvent({ kind: 'refused', stream: this, error: reason });
      this.close(REFUSALS[reason.code] ?? 'invalid', reason.message);
      return;
    }
    this.#host.queue.add(this);
  }

  #take(request: ProxyRequest): void {
    if (this.proxy === undefined) {
      if (request.node === undefined) {
        throw new MeshError('BadDiscoveryRequest', 'the first request of a stream must name the node');
      }
      const proxy = proxyIdentity(request.node, this.door);
      this.#host.admit(this.peer, proxy);
      this.proxy = proxy;
      this.#host.onEvent({ kind: 'connected', stream: this });
    }
    if (request.typeUrl === '') throw new MeshError('BadDiscoveryRequest', 'a request must name a type');
    const watch = this.#watch(request.typeUrl);
    const answer = watch.answer(request.nonce, request.error, this.#host.now());
    // What a proxy says of an older response is overtaken; its newest request follows.
    if (answer === 'stale' && this.protocol.name === 'state-of-the-world') return;
    if (answer === 'ack' || answer === 'nack') this.#host.onEvent({ kind: answer, stream: this, watch });
    request.apply(watch);
    if (watch.typeUrl === SECRET_TYPE && !watch.isAnswered && !this.door.servesSecrets) {
      this.#host.onEvent({ kind: 'secrets-refused', stream: this, watch });
    }
    if (watch.names.size > MAX_NAMES) {
      throw new MeshError('BadDiscoveryRequest', `a stream may ask for at most ${MAX_NAMES} names of a type`);
    }
  }

  #watch(typeUrl: string): Watch {
    const known = this.watches.get(typeUrl);
    if (known !== undefined) return known;
    if (this.watches.size >= MAX_TYPES) {
      throw new MeshError('BadDiscoveryRequest', `a stream may ask for at most ${MAX_TYPES} types`);
    }
    const watch = new Watch(typeUrl);
    this.watches.set(typeUrl, watch);
    const first = TYPE_ORDER.flatMap((type) => this.watches.get(type) ?? []);
    this.#ordered = [...first, ...[...this.watches.values()].filter((one) => !first.includes(one))];
    return watch;
  }

  /** Whether the proxy has answered for all that the newest state changed for it. */
  get isInSync(): boolean {
    if (this.generation !== this.#host.generation) return false;
    return this.#ordered.every((watch) => this.hasTaken(watch));
  }

  /** Whether the proxy has answered for all that the newest state changed in a type, and nothing more is due now. */
  hasTaken(watch: Watch): boolean {
    return !watch.isAwaited && !watch.isDue(this.#now(watch), this.#keepsRemoved(watch));
  }

  /** Sends the next response that is due. After it is written the stream has another turn. */
  sendOne(): number | undefined {
    if (this.#isSending || this.#isClosed) return undefined;
    try {
      const watch = this.#refresh() ? this.#nextDue() : undefined;
      if (watch !== undefined) return this.#send(watch);
      this.#host.onEvent({ kind: 'idle', stream: this });
    } catch (error) {
      const message = `an answer cannot be made: ${error instanceof Error ? error.message : String(error)}`;
      this.#host.onEvent({ kind: 'refused', stream: this, error: new MeshError('DiscoveryFault', message) });
      this.close('unavailable', message);
    }
    return undefined;
  }

  /** Brings the view to the newest state. False as long as there is none. */
  #refresh(): boolean {
    const { generation } = this.#host;
    if (this.proxy === undefined) return false;
    if (this.generation === generation) return this.view !== undefined;
    this.view = this.#host.viewOf(this.proxy, this.view);
    this.generation = generation;
    return this.view !== undefined;
  }

  /** What the watch is to come to. */
  #target(watch: Watch): TypeView {
    if (watch.typeUrl === SECRET_TYPE) return this.#secretsFor(watch);
    return this.view?.get(watch.typeUrl) ?? EMPTY_VIEW;
  }

  #secretsFor({ names }: Watch): TypeView {
    if (this.proxy === undefined || !this.door.servesSecrets) return EMPTY_VIEW;
    const { generation } = this.#host;
    if (this.#secrets?.names !== names || this.#secrets.generation !== generation) {
      this.#secrets = { names, generation, view: this.#host.secretsOf(this.proxy, names) };
    }
    return this.#secrets.view;
  }

  /** The resources of a type that the proxy may have, in the state that it was last brought to. */
  served(typeUrl: string): TypeView {
    const watch = this.watches.get(typeUrl);
    if (typeUrl === SECRET_TYPE) return watch === undefined ? EMPTY_VIEW : this.#secretsFor(watch);
    return this.view?.get(typeUrl) ?? EMPTY_VIEW;
  }

  /** What the proxy is brought to now: what is gone stays for as long as something may still lead there. */
  #now(watch: Watch): TypeView {
    const target = this.#target(watch);
    return this.#keepsRemoved(watch) ? this.#host.views.union(target, watch.has) : target;
  }

  /**
   * Routes lead to clusters until others have taken their place, and clusters to their endpoints.
   * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#eventual-consistency-considerations
   */
  #keepsRemoved({ typeUrl }: Watch): boolean {
    switch (typeUrl) {
      case CLUSTER_TYPE:
        return this.#isBehind(LISTENER_TYPE) || this.#isBehind(ROUTE_TYPE);
      case ENDPOINT_TYPE:
        return this.#isBehind(CLUSTER_TYPE);
      default:
        return false;
    }
  }

  /** Whether the proxy has not taken the newest state of a type, or has refused it. */
  #isBehind(typeUrl: string): boolean {
    const watch = this.watches.get(typeUrl);
    if (watch === undefined) return false;
    return watch.isAwaited || watch.nack !== undefined || watch.isDue(this.#target(watch));
  }

  /** The first watch in the order of types that something has to be sent for. */
  #nextDue(): Watch | undefined {
    let isHeldUp = false;
    for (const watch of this.#ordered) {
      const now = this.#now(watch);
      const isQuestion = !watch.isAnswered || watch.asked.size > 0;
      // A type's change must not overtake that of a type before it.
      if (watch.isDue(now, this.#keepsRemoved(watch)) && (isQuestion || !isHeldUp)) return watch;
      isHeldUp ||= watch.isHeldUp(now);
    }
    return undefined;
  }

  /** What is sent is decided only now that it can be sent, so that a slow proxy gets the newest state. */
  #send(watch: Watch): number | undefined {
    const host = this.#host;
    const now = this.#now(watch);
    const due = watch.take(now, host.views, this.#keepsRemoved(watch));
    if (due === undefined) {
      // There was nothing to say of this type, but perhaps there is of the next.
      host.queue.add(this);
      return undefined;
    }
    this.#rewarm(watch, due);
    this.#nonces += 1;
    const nonce = `${this.id}-${this.#nonces}`;
    const controlPlane = host.controlPlaneFor(this.proxy);
    const head = { version: host.version, typeUrl: watch.typeUrl, nonce, controlPlane };
    const encode = (resource: Resource): EncodedResource => host.encode(resource);
    const { pieces, resources } = this.protocol.response(head, watch, due, now, encode);
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    watch.sent(nonce, head.version, due, host.now());
    host.onEvent({ kind: 'sent', typeUrl: watch.typeUrl, resources, bytes });
    this.#isSending = true;
    this.#sink.write(pieces, () => {
      this.#isSending = false;
      // The bytes count only from when this returns, so that they are given back after that.
      queueMicrotask(() => host.queue.sent(bytes));
      if (!this.#isClosed) host.queue.add(this);
    });
    return bytes;
  }

  /**
   * Envoy warms a changed cluster until it gets its endpoints again, and does not always ask for them.
   * https://github.com/envoyproxy/envoy/issues/13009
   */
  #rewarm(watch: Watch, due: DueResources): void {
    if (watch.typeUrl !== CLUSTER_TYPE || !watch.isAnswered) return;
    const endpoints = this.watches.get(ENDPOINT_TYPE);
    if (endpoints === undefined) return;
    endpoints.askAgain(due.changed.map(({ name }) => name));
  }

  /** Ends the stream from this side. */
  close(reason: Refusal, message: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sink.refuse(reason, message);
  }

  /** Notes that the stream has ended. */
  closed(): void {
    this.#isClosed = true;
    this.#host.queue.remove(this);
  }
}
