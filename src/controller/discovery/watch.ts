/** What one proxy wants of one type, what it has of it, and what it said to that. */

import { NameSet } from './names.ts';
import { EMPTY_VIEW, type TypeView, type ViewMaker, goesAlone, isWildcardType } from './view.ts';
import type { EncodedResource } from './encoder.ts';

/** A response that the proxy refused. */
export interface Nack {
  /** The proxy's own words. */
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly version: string;
  /** The resources that the message names, or else all of the response. */
  readonly names: readonly string[];
}

/** What the next response must hold. */
export interface DueResources {
  readonly changed: readonly EncodedResource[];
  readonly removed: readonly string[];
}

/** How the answer to a response went. */
export type Answer = 'ack' | 'nack' | 'stale' | 'none';

const STAR = '*';

const NOTHING: DueResources = { changed: [], removed: [] };

export class Watch {
  readonly typeUrl: string;
  wildcard = false;
  names = NameSet.empty;
  /** The view whose part that is watched the proxy has. */
  has: TypeView = EMPTY_VIEW;
  /** Versions that a proxy brought along from another stream, until the first response. */
  brought: Map<string, string> | undefined;
  /** Names that have to be answered even if the proxy has them. */
  asked = NameSet.empty;
  /** The first request is answered in any case: an empty answer tells that there is nothing. */
  isAnswered = false;
  /** The last response's. */
  nonce = '';
  version = '';
  isAwaited = false;
  ackedVersion = '';
  nacks = 0;
  /** The newest last; no name stands in two. */
  #refusals: readonly Nack[] = [];
  /** Milliseconds since 1970 of the last response; 0 before. */
  sentAt = 0;
  /** The last response's, until it is taken. */
  #sent: DueResources = NOTHING;
  /**
   * Names that are sent one by one: those of a refused response, so that one bad resource holds up no other, and those of
   * a type whose resources go alone.
   */
  readonly #alone: string[] = [];

  /** What the proxy brought along and is gone, until it is told so. */
  readonly #stale = new Set<string>();

  constructor(typeUrl: string) {
    this.typeUrl = typeUrl;
  }

  /** What the proxy has refused and still has not taken, the newest last. */
  get refusals(): readonly Nack[] {
    return this.#refusals;
  }

  get nack(): Nack | undefined {
    return this.#refusals.at(-1);
  }

  /** Takes the names of a state-of-the-world request, which are all that the proxy wants. */
  setNames(list: readonly string[]): void {
    const isFirst = !this.isAnswered && this.names.size === 0;
    const hasStar = list.includes(STAR);
    const wanted = NameSet.empty.with(hasStar ? list.filter((name) => name !== STAR) : list);
    if (list.length > 0 || !isWildcardType(this.typeUrl)) this.wildcard = hasStar;
    // No names mean all, until names have been given once.
    else if (isFirst) this.wildcard = true;
    const before = this.names;
    if (wanted === before) return;
    this.#forget([...before].filter((name) => !wanted.has(name)));
    this.asked =
      before.size === 0 ? this.asked.with(list) : this.asked.with(list.filter((name) => !before.has(name)));
    if (hasStar) this.asked = this.asked.without([STAR]);
    this.names = wanted;
  }

  /** Takes what a delta request adds. */
  subscribe(list: readonly string[]): void {
    const hasStar = list.includes(STAR);
    if (hasStar) this.wildcard = true;
    const names = hasStar ? list.filter((name) => name !== STAR) : list;
    this.names = this.names.with(names);
    this.asked = this.asked.with(names);
  }

  /** Asks for resources again, of which the proxy may have lost track. */
  askAgain(names: readonly string[]): void {
    this.asked = this.asked.with(names.filter((name) => this.names.has(name)));
  }

  /** Takes what a delta request takes away. */
  unsubscribe(list: readonly string[]): void {
    if (list.includes(STAR)) this.wildcard = false;
    this.#forget(list);
  }

  #forget(list: readonly string[]): void {
    if (list.length === 0) return;
    this.names = this.names.without(list);
    this.asked = this.asked.without(list);
    // Whoever gives a resource up and asks for it again has it no more.
    for (const name of list) {
      this.brought?.delete(name);
      this.#stale.delete(name);
    }
    this.#refusals = this.#refusals.filter(
      ({ names }) => names.length === 0 || names.some((name) => this.wants(name)),
    );
  }

  wants(name: string): boolean {
    return this.wildcard || this.names.has(name);
  }

  /** Whether something has to be sent now. A change waits for the answer to the last response; a question does not. */
  isDue(now: TypeView, keepsRemoved = false): boolean {
    // Of an answer that another one overtakes nobody would hear that it was refused.
    if (this.isAwaited && goesAlone(this.typeUrl)) return false;
    if (!this.isAnswered || this.asked.size > 0) return true;
    const isStale = this.#stale.size > 0 && !keepsRemoved;
    return !this.isAwaited && (this.has !== now || isStale || this.#alone.length > 0);
  }

  /** Whether a change waits for the proxy's answer. */
  isHeldUp(now: TypeView): boolean {
    return this.isAwaited && this.has !== now;
  }

  /**
   * What the proxy lacks of `now`; after this it counts as having it. Undefined when there is nothing to say.
   * With `keepsRemoved` the proxy is not told yet that what it brought along is gone.
   */
  take(now: TypeView, views: ViewMaker, keepsRemoved = false): DueResources | undefined {
    for (const name of this.brought?.keys() ?? []) if (!now.has(name)) this.#stale.add(name);
    return this.#takeWhole(now, views) ?? this.#takePart(now, views, keepsRemoved);
  }

  /** When all of a difference is wanted and nothing else, the one that all proxies share. */
  #takeWhole(now: TypeView, views: ViewMaker): DueResources | undefined {
    if (goesAlone(this.typeUrl)) return undefined;
    const isAsBefore = this.#alone.length === 0 && this.#stale.size === 0 && (this.brought?.size ?? 0) === 0;
    if (!isAsBefore) return undefined;
    // Whoever has nothing yet and asks for all that there is gets the same as all others that do.
    const isAllAsked = !this.isAnswered && this.asked.isAllOf(now);
    if (this.asked.size > 0 && !isAllAsked) return undefined;
    const difference = views.difference(this.has, now);
    const { changed, removed } = difference;
    if (changed.length === 0 && removed.length === 0) return undefined;
    const isWanted =
      this.wildcard ||
      ((isAllAsked || changed.every(({ name }) => this.names.has(name))) &&
        removed.every((name) => this.names.has(name)));
    if (!isWanted) return undefined;
    this.has = now;
    this.asked = NameSet.empty;
    this.brought = undefined;
    return difference;
  }

  #takePart(now: TypeView, views: ViewMaker, keepsRemoved: boolean): DueResources | undefined {
    const changed = new Map<string, EncodedResource>();
    const removed = new Set<string>();
    const add = (name: string): void => {
      const resource = now.get(name);
      if (resource === undefined) removed.add(name);
      else changed.set(name, resource);
    };
    // A question is answered from the new state, so that what is told of one name never goes back.
    if (this.has !== now) this.#addDifference(now, views, changed, removed);
    for (const name of this.asked) if (!this.#isBrought(name, now)) add(name);
    if (!keepsRemoved) {
      for (const name of this.#stale) if (this.wants(name) && !now.has(name)) removed.add(name);
      this.#stale.clear();
    }
    const again = this.isAwaited || changed.size > 0 ? undefined : this.#alone.shift();
    if (again !== undefined && this.wants(again)) add(again);
    if (goesAlone(this.typeUrl)) this.#keepFirst(changed);
    const isSilent = this.isAnswered && changed.size === 0 && removed.size === 0;
    this.has = now;
    this.asked = NameSet.empty;
    this.brought = undefined;
    return isSilent ? undefined : { changed: [...changed.values()], removed: [...removed] };
  }

  /** Leaves one; the others are sent after it. */
  #keepFirst(changed: Map<string, EncodedResource>): void {
    const [first, ...others] = changed.keys();
    const waiting = new Set([...this.#alone, ...others]);
    if (first !== undefined) waiting.delete(first);
    this.#alone.splice(0, this.#alone.length, ...waiting);
    for (const name of others) changed.delete(name);
  }

  #addDifference(
    now: TypeView,
    views: ViewMaker,
    changed: Map<string, EncodedResource>,
    removed: Set<string>,
  ): void {
    const difference = views.difference(this.has, now);
    for (const resource of difference.changed) {
      const { name } = resource;
      if (this.wants(name) && !this.#isBrought(name, now)) changed.set(name, resource);
    }
    for (const name of difference.removed) if (this.wants(name)) removed.add(name);
  }

  #isBrought(name: string, now: TypeView): boolean {
    const version = this.brought?.get(name);
    return version !== undefined && version === now.get(name)?.version;
  }

  /** Notes a response that is being sent. */
  sent(nonce: string, version: string, due: DueResources, at: number): void {
    this.nonce = nonce;
    this.version = version;
    this.#sent = due;
    this.sentAt = at;
    this.isAnswered = true;
    this.isAwaited = true;
  }

  /** Takes the nonce and the error of a request. */
  answer(nonce: string, error: string | undefined, at: number): Answer {
    if (nonce === '') return 'none';
    if (nonce !== this.nonce) return 'stale';
    const isFirst = this.isAwaited;
    this.isAwaited = false;
    if (error === undefined) {
      if (!isFirst) return 'none';
      this.ackedVersion = this.version;
      this.#forgive();
      this.#sent = NOTHING;
      return 'ack';
    }
    this.nacks += 1;
    const isAlone = goesAlone(this.typeUrl);
    const sent = isAlone ? this.#sent.changed.map(({ name }) => name) : this.#sentNames();
    const named = sent.filter((name) => error.includes(name));
    const names = named.length > 0 ? named : sent;
    this.#refuse({ message: error, at, version: this.version, names });
    if (sent.length > 1 && !isWildcardType(this.typeUrl)) {
      this.#alone.splice(0, this.#alone.length, ...sent);
    }
    return 'nack';
  }

  /** The newest word on a resource counts. */
  #refuse(nack: Nack): void {
    const older = this.#refusals.flatMap((one) => {
      const names = one.names.filter((name) => !nack.names.includes(name));
      return names.length === 0 ? [] : [{ ...one, names }];
    });
    this.#refusals = [...older, nack];
  }

  /** An ACK of what was refused before lifts the refusal. */
  #forgive(): void {
    if (this.#refusals.length === 0) return;
    const sent = this.#sentNames();
    this.#refusals = this.#refusals.filter(
      ({ names }) => names.length > 0 && !names.some((name) => sent.includes(name)),
    );
  }

  #sentNames(): readonly string[] {
    return [...this.#sent.changed.map(({ name }) => name), ...this.#sent.removed];
  }
}
