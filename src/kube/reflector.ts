/** Follows one list of the Kubernetes API: all of it in pages, then every change, through all interruptions. */

import { Backoff, type BackoffTimes } from '../base/backoff.ts';
import type { KubeClient } from './client.ts';
import { ApiFailure, failureOf } from './failure.ts';

export type ApiObject = Readonly<Record<string, unknown>>;

export interface ObjectEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: ApiObject;
}

export interface ReflectorHandler {
  /** All that there is now; whatever is not among it is gone. */
  replace(items: readonly ApiObject[]): Promise<void>;
  /** What has changed, in order. */
  apply(events: readonly ObjectEvent[]): Promise<void>;
  /** A request failed; `verb` is what was tried. It is tried again. */
  failed(failure: ApiFailure, verb: 'list' | 'watch'): void;
  /** A request went well after one had failed. */
  recovered(): void;
}

export interface ReflectorTimes {
  readonly retry: BackoffTimes;
  /** Seconds that one watch lasts at most, before it is asked for anew. */
  readonly watchFor: number;
}

export interface ReflectorOptions {
  readonly path: string;
  /** What of the objects is meant, as `{ labelSelector: 'app=istiod' }`; all unless said otherwise. */
  readonly query?: Readonly<Record<string, string>>;
  readonly times: ReflectorTimes;
  readonly pageSize: number;
  /** What form the server is to answer in: `application/json` unless said otherwise. */
  readonly accept?: { readonly list: string; readonly watch: string };
  readonly random?: () => number;
}

interface Page {
  readonly items?: unknown;
  readonly metadata?: { readonly resourceVersion?: unknown; readonly continue?: unknown };
}

/** A watch that ends sooner than this many milliseconds without a word is not asked for again at once. */
const SHORT_WATCH = 1000;

/** Seconds that a server may take beyond the time of a watch before it counts as lost. */
const WATCH_GRACE = 30;

export class Reflector {
  readonly #client: KubeClient;
  readonly #options: ReflectorOptions;
  readonly #handler: ReflectorHandler;
  readonly #backoff: Backoff;
  readonly #random: () => number;
  readonly #stopping = new AbortController();
  /** What the next watch goes on from; undefined when only a list helps. */
  #version: string | undefined;
  #failed: 'list' | 'watch' | undefined;
  /** Times in a row that a watch could not go on from where a list had ended. */
  #expired = 0;

  constructor(client: KubeClient, options: ReflectorOptions, handler: ReflectorHandler) {
    this.#client = client;
    this.#options = options;
    this.#handler = handler;
    this.#random = options.random ?? Math.random;
    this.#backoff = new Backoff(options.times.retry, this.#random);
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Runs until it is stopped. */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const verb = this.#version === undefined ? 'list' : 'watch';
      try {
        if (verb === 'list') await this.#list(signal);
        else await this.#watch(signal, this.#version ?? '');
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ApiFailure)) throw error;
        await this.#afterFailure(error, verb, signal);
      }
    }
  }

  async #afterFailure(failure: ApiFailure, verb: 'list' | 'watch', signal: AbortSignal): Promise<void> {
    if (verb === 'watch' && failure.isExpired) {
      // Not a fault: the server keeps changes for a while only. A list that fails, too, is told of.
      this.#version = undefined;
      if (this.#expired++ > 0) await this.#backoff.pause(signal);
      return;
    }
    // Where watching is refused, or the list itself is gone, lists are all that can tell of changes.
    if (failure.status !== undefined && failure.status < 500 && failure.status !== 429)
      this.#version = undefined;
    this.#failed = verb;
    this.#handler.failed(failure, verb);
    await this.#backoff.pause(signal, (failure.retryAfter ?? 0) * 1000);
  }

  #wentWell(verb: 'list' | 'watch'): void {
    if (this.#failed !== verb) return;
    this.#failed = undefined;
    this.#handler.recovered();
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { path, pageSize, accept, query: selection } = this.#options;
    let items: ApiObject[] = [];
    let limit = pageSize;
    let token = '';
    for (;;) {
      const query = new URLSearchParams({ ...selection, ...(limit > 0 ? { limit: String(limit) } : {}) });
      if (token !== '') query.set('continue', token);
      let page: Page;
      try {
        page = (await this.#client.get(`${path}?${query}`, { signal, accept: accept?.list })) as Page;
      } catch (error) {
        if (token === '' || !(error instanceof ApiFailure) || !error.isExpired) throw error;
        // So much time went by between two pages that the first is too old: all at once, then.
        [items, limit, token] = [[], 0, ''];
        continue;
      }
      // An empty list of metadata has null there.
      const found = page.items === null ? [] : page.items;
      if (!Array.isArray(found)) throw new ApiFailure(200, 'the answer to a list has no items');
      for (const item of found as readonly unknown[]) if (isObject(item)) items.push(item);
      const { resourceVersion, continue: next } = page.metadata ?? {};
      if (typeof next === 'string' && next !== '') {
        token = next;
        continue;
      }
      await this.#handler.replace(items);
      this.#wentWell('list');
      this.#version = typeof resourceVersion === 'string' ? resourceVersion : '0';
      return;
    }
  }

  async #watch(signal: AbortSignal, from: string): Promise<void> {
    const { path, times, accept, query: selection } = this.#options;
    // Not all watches of all clients end in the same moment.
    const seconds = Math.ceil(times.watchFor * (0.5 + this.#random() / 2));
    const query = new URLSearchParams({
      ...selection,
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: from,
      timeoutSeconds: String(seconds),
    });
    const began = performance.now();
    const values = await this.#client.watch(`${path}?${query}`, {
      signal,
      accept: accept?.watch,
      silenceLimit: (seconds + WATCH_GRACE) * 1000,
    });
    this.#wentWell('watch');
    let isSilent = true;
    for await (const group of values) {
      isSilent = false;
      await this.#take(group);
      this.#expired = 0;
      this.#backoff.reset();
    }
    if (isSilent && performance.now() - began < SHORT_WATCH) await this.#backoff.pause(signal);
  }

  /** Hands events on, as far as there is no error among them, and remembers how far they reach. */
  async #take(group: readonly unknown[]): Promise<void> {
    const events: ObjectEvent[] = [];
    let version: string | undefined;
    let failure: ApiFailure | undefined;
    for (const { type, object } of group.filter(isObject)) {
      if (type === 'ERROR') {
        failure = failureOf(undefined, object);
        break;
      }
      if (!isObject(object)) continue;
      version = versionOf(object) ?? version;
      if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') events.push({ type, object });
    }
    if (events.length > 0) await this.#handler.apply(events);
    if (version !== undefined) this.#version = version;
    if (failure !== undefined) throw failure;
  }
}

function isObject(value: unknown): value is ApiObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function versionOf(object: ApiObject): string | undefined {
  const { metadata } = object;
  const version = isObject(metadata) ? metadata['resourceVersion'] : undefined;
  return typeof version === 'string' ? version : undefined;
}
