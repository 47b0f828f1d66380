/** What is known of one type of resource: what is wanted, what the controller was told, what it sent. */

import type { RawResource, Refusal, ResourceHandler } from './resource-types.ts';
import type { Protocol, ReceivedResource, ResponseParts } from './protocol.ts';

/** A resource in force, as it came. */
export interface HeldResource extends RawResource {
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
}

/** A resource that was refused; the one before it, if any, is still in force. */
export interface RejectedResource extends RawResource {
  readonly reason: string;
  readonly updatedAt: number;
}

export interface Taken {
  readonly refusals: readonly Refusal[];
  /** Whether anything is other than before. */
  readonly changed: boolean;
}

export class TypeState {
  readonly typeUrl: string;
  readonly handler: ResourceHandler;
  /** All resources of the type are wanted. */
  wantsAll = false;
  /** The controller has answered at least once in the life of the process. */
  answered = false;
  readonly held = new Map<string, HeldResource>();
  readonly rejected = new Map<string, RejectedResource>();
  /** Of the last response that was taken, in the state-of-the-world form. */
  version = '';
  /** Of the last response of this stream. */
  nonce = '';
  /** Whether the stream has asked for this type. */
  opened = false;
  readonly #names = new Map<string, number>();
  readonly #told = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(typeUrl: string, handler: ResourceHandler) {
    this.typeUrl = typeUrl;
    this.handler = handler;
  }

  get isWanted(): boolean {
    return this.wantsAll || this.#names.size > 0;
  }

  get names(): readonly string[] {
    return [...this.#names.keys()];
  }

  /** One more wants that resource. What is there already is handed over. */
  want(name: string): void {
    const count = this.#names.get(name) ?? 0;
    this.#names.set(name, count + 1);
    const held = this.held.get(name);
    if (count === 0 && held !== undefined) this.handler.apply([held], []);
  }

  /** One less. */
  release(name: string): void {
    const count = this.#names.get(name) ?? 0;
    if (count > 1) this.#names.set(name, count - 1);
    else this.#names.delete(name);
  }

  /** A new stream knows nothing. */
  resetStream(): void {
    this.opened = false;
    this.nonce = '';
    this.#told.clear();
  }

  /** What the controller has to be told of names since the last time; marks them as told. */
  takeChanges(): { readonly subscribe: readonly string[]; readonly unsubscribe: readonly string[] } {
    const subscribe = this.names.filter((name) => !this.#told.has(name));
    const unsubscribe = [...this.#told].filter((name) => !this.#names.has(name));
    for (const name of subscribe) this.#told.add(name);
    for (const name of unsubscribe) this.#told.delete(name);
    // What was restored before anybody asked for it stays until someone does.
    if (!this.wantsAll && this.isWanted) {
      for (const name of this.held.keys()) if (!this.#names.has(name)) this.#forget(name);
    }
    return { subscribe, unsubscribe };
  }

  /** Versions of what is held, for the first request of a stream. */
  initialVersions(): Record<string, string> {
    const versions: Record<string, string> = {};
    for (const { name, version } of this.held.values()) if (version !== '') versions[name] = version;
    return versions;
  }

  /** Takes a response. */
  take(response: ResponseParts, protocol: Protocol, now: number, onExpired: () => void): Taken {
    this.answered = true;
    const wanted = response.resources.filter(({ name }) => this.wantsAll || this.#names.has(name));
    const { fresh, doubled } = withoutDoubles(wanted);
    const removed =
      protocol.isWhole && this.wantsAll ? this.#missingFrom(response.resources) : response.removed;
    // A heartbeat prolongs a life and brings nothing else.
    const changed = fresh.filter(({ name, value }) => value.typeUrl !== '' || !this.held.has(name));
    const readable = changed.filter(({ value }) => value.typeUrl === this.typeUrl);
    const refusals = [
      ...doubled.map((name) => ({ name, reason: `duplicate resource ${name} found` })),
      ...changed
        .filter((one) => !readable.includes(one))
        .map(({ name, value }) => ({ name, reason: `the type is ${value.typeUrl}, not ${this.typeUrl}` })),
      ...(response.unreadable === 0
        ? []
        : [{ name: '', reason: `${response.unreadable} resources have no name or cannot be decoded` }]),
      ...this.handler.apply(readable, removed),
    ];
    const reasons = new Map(refusals.map(({ name, reason }) => [name, reason]));
    for (const { name, version, value } of changed) {
      const reason = reasons.get(name);
      if (reason === undefined) {
        this.held.set(name, { name, version, value, updatedAt: now });
        this.rejected.delete(name);
      } else this.rejected.set(name, { name, version, value, reason, updatedAt: now });
    }
    for (const name of removed) this.#remove(name);
    for (const one of fresh) if (!reasons.has(one.name)) this.#keepAlive(one, onExpired);
    return { refusals, changed: readable.length > 0 || removed.length > 0 };
  }

  /** Brings back what was saved by an earlier process. Returns what cannot be taken any more. */
  restore(resources: readonly RawResource[], now: number): readonly Refusal[] {
    const refusals = this.handler.apply(resources, []);
    const refused = new Set(refusals.map(({ name }) => name));
    for (const one of resources) {
      if (!refused.has(one.name)) this.held.set(one.name, { ...one, updatedAt: now });
    }
    return refusals;
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #missingFrom(resources: readonly ReceivedResource[]): readonly string[] {
    const present = new Set(resources.map(({ name }) => name));
    return [...this.held.keys()].filter((name) => !present.has(name));
  }

  /** Where all are wanted a resource goes; where it is wanted by name its last state stays in force. */
  #remove(name: string): void {
    if (this.wantsAll && !this.#names.has(name)) this.#forget(name);
    else {
      const held = this.held.get(name);
      if (held !== undefined) this.held.set(name, { ...held, version: '' });
    }
  }

  #forget(name: string): void {
    this.held.delete(name);
    this.rejected.delete(name);
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  #keepAlive({ name, ttl }: ReceivedResource, onExpired: () => void): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    if (ttl <= 0) return;
    const timer = setTimeout(() => {
      this.handler.apply([], [name]);
      this.#forget(name);
      onExpired();
    }, ttl);
    timer.unref();
    this.#timers.set(name, timer);
  }
}

/** Which of two of one name is meant nobody can know: neither is taken, as in Envoy. */
function withoutDoubles(resources: readonly ReceivedResource[]): {
  readonly fresh: readonly ReceivedResource[];
  readonly doubled: readonly string[];
} {
  const byName = new Map<string, ReceivedResource>();
  const doubled = new Set<string>();
  for (const one of resources) {
    if (byName.has(one.name)) doubled.add(one.name);
    else byName.set(one.name, one);
  }
  for (const name of doubled) byName.delete(name);
  return { fresh: [...byName.values()], doubled: [...doubled] };
}
