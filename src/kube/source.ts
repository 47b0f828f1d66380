/** A Kubernetes API as a source of configuration: every kind that it serves is listed and watched. */

import type { KindKey } from '../api/kind-info.ts';
import type { AdmissionOptions, Rejection } from '../config/admission.ts';
import type { MeshObject } from '../config/object.ts';
import type { ChangeSet, ConfigSource } from '../config/sources/source.ts';
import type { Access } from './access.ts';
import { Backoff } from '../base/backoff.ts';
import { KubeClient } from './client.ts';
import { DefinitionNames } from './definition-names.ts';
import { discover, type ServedKind, type WantedKind } from './discovery.ts';
import { ApiFailure } from './failure.ts';
import { FollowedKind } from './followed-kind.ts';
import { discoveryNote, unservedNote } from './notes.ts';
import type { ReflectorTimes } from './reflector.ts';

export interface KubeSourceOptions extends AdmissionOptions {
  readonly wanted: readonly WantedKind[];
  readonly times?: KubeTimes;
  /** Objects that a page of a list has at most. */
  readonly pageSize?: number;
  readonly random?: () => number;
}

/** All in milliseconds, but for the seconds of a watch. */
export interface KubeTimes extends ReflectorTimes {
  /** How long the kinds that the server serves stay unasked, where definitions cannot be watched. */
  readonly askKindsEvery: number;
}

const TIMES: KubeTimes = { retry: { first: 500, max: 30_000 }, watchFor: 600, askKindsEvery: 60_000 };

export class KubeSource implements ConfigSource {
  readonly name: string;
  readonly #options: KubeSourceOptions;
  readonly #client: KubeClient;
  readonly #times: KubeTimes;
  readonly #kinds = new Map<KindKey, FollowedKind>();
  readonly #definitions: DefinitionNames;
  readonly #stopping = new AbortController();
  readonly #backoff: Backoff;
  /** Ends the pause between two questions for the kinds. */
  #wake = new AbortController();
  #discoveryNote: string | undefined;
  #unserved: readonly string[] = [];
  /** Times in a row that something was defined and not served. */
  #unsettled = 0;
  #onChange: (change: ChangeSet) => void = () => {};
  #isStarted = false;

  constructor(access: Access, options: KubeSourceOptions) {
    this.name = `cluster ${access.name}`;
    this.#options = options;
    this.#client = new KubeClient(access);
    this.#times = options.times ?? TIMES;
    this.#backoff = new Backoff(this.#times.retry, options.random);
    this.#definitions = new DefinitionNames(this.#client, this.#reflecting, {
      changed: () => this.#wake.abort(),
      told: () => this.#tell(NOTHING),
    });
  }

  /** In the order of the wanted kinds, each sorted by namespace and name. */
  get objects(): readonly MeshObject[] {
    return this.#inOrder.flatMap(({ objects }) => objects);
  }

  get rejections(): readonly Rejection[] {
    return this.#inOrder.flatMap(({ rejections }) => rejections);
  }

  get notes(): readonly string[] {
    const own = [this.#discoveryNote, this.#definitions.note, ...this.#unserved];
    return [...own, ...this.#inOrder.map(({ note }) => note)].filter((note) => note !== undefined);
  }

  /** Waits, however long the server is away, until every kind has been listed or refused. */
  async start(onChange: (change: ChangeSet) => void): Promise<void> {
    this.#onChange = onChange;
    const definitions = this.#definitions.start();
    const first = Promise.withResolvers<void>();
    void this.#followKinds(first.resolve);
    await Promise.all([definitions, first.promise]);
    await Promise.all([...this.#kinds.values()].map(({ answered }) => answered));
    this.#isStarted = true;
  }

  stop(): void {
    this.#stopping.abort();
    this.#wake.abort();
    this.#definitions.stop();
    for (const kind of this.#kinds.values()) kind.stop();
    this.#onChange = () => {};
  }

  get #inOrder(): readonly FollowedKind[] {
    return this.#options.wanted.flatMap(({ info }) => this.#kinds.get(info.key) ?? []);
  }

  get #reflecting() {
    const { pageSize = 500, random } = this.#options;
    return { pageSize, random, times: this.#times };
  }

  /** Asks which kinds there are: at first, whenever definitions change, and until all that are defined are served. */
  async #followKinds(onFirst: () => void): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const isSettled = await this.#askKinds(signal);
      if (signal.aborted) return;
      if (this.#discoveryNote === undefined) onFirst();
      if (isSettled) this.#backoff.reset();
      const pause = AbortSignal.any([signal, this.#wake.signal]);
      if (!isSettled) await this.#backoff.pause(pause);
      else if (this.#definitions.isWatched) await aborted(pause);
      else
        await new Backoff({ first: this.#times.askKindsEvery, max: this.#times.askKindsEvery }).pause(pause);
    }
  }

  /** Whether all that is defined is served and followed. */
  async #askKinds(signal: AbortSignal): Promise<boolean> {
    const { wanted } = this.#options;
    const notesBefore = this.notes.join('\n');
    let isSettled = true;
    try {
      const served = await discover(this.#client, wanted, signal);
      this.#discoveryNote = undefined;
      for (const kind of served.values()) this.#follow(kind);
      for (const key of this.#kinds.keys()) {
        if (!served.has(key)) this.#leave(key);
      }
      const unserved = wanted.filter(({ info }) => !served.has(info.key) && this.#definitions.has(info));
      isSettled = unserved.length === 0;
      this.#unsettled = isSettled ? 0 : this.#unsettled + 1;
      // What has just been defined is served a moment later.
      this.#unserved = this.#unsettled < PATIENCE ? [] : unserved.map(({ info }) => unservedNote(info));
    } catch (error) {
      if (signal.aborted) return false;
      if (!(error instanceof ApiFailure)) throw error;
      this.#discoveryNote = discoveryNote(this.#client.url(''), error);
      isSettled = false;
    }
    if (this.notes.join('\n') !== notesBefore) this.#tell(NOTHING);
    return isSettled;
  }

  #follow(kind: ServedKind): void {
    const known = this.#kinds.get(kind.info.key);
    if (known?.path === kind.path) return;
    if (known !== undefined) return known.moveTo(kind);
    const followed = new FollowedKind(this.#client, kind, {
      admission: this.#options,
      reflecting: this.#reflecting,
      changed: (change) => this.#tell(change),
      lost: () => this.#wake.abort(),
    });
    this.#kinds.set(kind.info.key, followed);
  }

  /** A kind that is defined and yet not served is only away for a moment: a server that starts is not complete. */
  #leave(key: KindKey): void {
    const kind = this.#kinds.get(key);
    if (kind === undefined || this.#definitions.has(kind.info)) return;
    kind.stop();
    this.#kinds.delete(key);
    const { objects: removed } = kind;
    this.#tell({ changed: [], removed });
  }

  /** Until all has been read there is nothing that changes; but what is wrong is told at once. */
  #tell(change: ChangeSet): void {
    this.#onChange(this.#isStarted ? change : NOTHING);
  }
}

/** Times that a kind may be found defined and not served before that is told of. */
const PATIENCE = 4;

const NOTHING: ChangeSet = { changed: [], removed: [] };

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
