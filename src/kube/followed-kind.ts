/** One kind of a cluster: its objects, kept as they are on the server. */

import type { KindInfo } from '../api/kind-info.ts';
import type { AdmissionOptions, Rejection } from '../config/admission.ts';
import type { MeshObject } from '../config/object.ts';
import type { ChangeSet } from '../config/sources/source.ts';
import type { KubeClient } from './client.ts';
import type { ServedKind } from './discovery.ts';
import type { ApiFailure } from './failure.ts';
import { KindObjects, type Outcome } from './kind-objects.ts';
import { failureNote } from './notes.ts';
import { fromApi } from './objects.ts';
import { type ApiObject, type ObjectEvent, Reflector, type ReflectorOptions } from './reflector.ts';

export interface FollowedKindOptions {
  readonly admission: AdmissionOptions;
  readonly reflecting: Pick<ReflectorOptions, 'times' | 'pageSize' | 'random'>;
  /** Objects, rejections or the note are different. */
  readonly changed: (change: ChangeSet) => void;
  /** The server no longer knows the kind. */
  readonly lost: () => void;
}

/** A kind that fails so often with an answer no longer keeps the others waiting. */
const PATIENCE = 3;

export class FollowedKind {
  readonly #client: KubeClient;
  readonly #options: FollowedKindOptions;
  readonly #objects: KindObjects;
  readonly #answered = Promise.withResolvers<void>();
  #kind: ServedKind;
  #reflector: Reflector;
  #note: string | undefined;
  #failures = 0;
  #isStopped = false;
  /** Changes are taken over one after another, also those of two reflectors while one follows the other. */
  #taking: Promise<void> = Promise.resolve();

  constructor(client: KubeClient, kind: ServedKind, options: FollowedKindOptions) {
    this.#client = client;
    this.#kind = kind;
    this.#options = options;
    this.#objects = new KindObjects(options.admission);
    this.#reflector = this.#reflect(kind);
  }

  get info(): KindInfo {
    return this.#kind.info;
  }

  get path(): string {
    return this.#kind.path;
  }

  get objects(): readonly MeshObject[] {
    return this.#objects.objects;
  }

  get rejections(): readonly Rejection[] {
    return this.#objects.rejections;
  }

  /** Why the objects may not be those of the server. */
  get note(): string | undefined {
    return this.#note;
  }

  /** Settles when the kind has been listed, or it is clear that it cannot be. */
  get answered(): Promise<void> {
    return this.#answered.promise;
  }

  /** Goes on in another version of the kind; what is in force stays until its list is there. */
  moveTo(kind: ServedKind): void {
    this.#reflector.stop();
    this.#kind = kind;
    this.#reflector = this.#reflect(kind);
  }

  stop(): void {
    this.#isStopped = true;
    this.#reflector.stop();
    this.#answered.resolve();
  }

  #reflect(kind: ServedKind): Reflector {
    const isCurrent = (): boolean => this.#kind === kind && !this.#isStopped;
    const take = (change: () => Promise<Outcome>): Promise<void> => {
      this.#taking = this.#taking.then(async () => {
        if (isCurrent()) this.#tell(await change());
      });
      return this.#taking;
    };
    const { path, fieldSelector } = kind;
    const query = fieldSelector === undefined ? {} : { query: { fieldSelector } };
    const options = { ...this.#options.reflecting, path, ...query };
    const reflector = new Reflector(this.#client, options, {
      replace: async (items) => {
        const objects = items.flatMap((item) => fromApi(this.#client, kind, item) ?? []);
        await take(() => this.#objects.replace(objects));
        this.#answered.resolve();
      },
      apply: (events) => take(() => this.#objects.apply(this.#statesOf(kind, events))),
      failed: (failure, verb) => {
        if (isCurrent()) this.#failed(failure, verb);
      },
      recovered: () => {
        this.#failures = 0;
        if (isCurrent()) this.#setNote(undefined);
      },
    });
    void reflector.run();
    return reflector;
  }

  #statesOf(kind: ServedKind, events: readonly ObjectEvent[]) {
    return events.flatMap(({ type, object: item }: { type: string; object: ApiObject }) => {
      const object = fromApi(this.#client, kind, item);
      return object === undefined ? [] : { object, isGone: type === 'DELETED' };
    });
  }

  #failed(failure: ApiFailure, verb: 'list' | 'watch'): void {
    const { status } = failure;
    this.#failures++;
    const isFinal = status !== undefined && (status === 403 || status === 404 || this.#failures >= PATIENCE);
    if (isFinal && status !== 401) this.#answered.resolve();
    if (status === 404) this.#options.lost();
    // A server that starts, or has much to do, says so; it is told of when it goes on.
    if (status === 429 && this.#failures < PATIENCE) return;
    const { info, namespace } = this.#kind;
    this.#setNote(failureNote(this.#client.url(this.path), { ...info, namespace }, failure, verb));
  }

  #setNote(note: string | undefined): void {
    if (note === this.#note) return;
    this.#note = note;
    this.#options.changed({ changed: [], removed: [] });
  }

  #tell({ changed, removed, isRejectionChanged }: Outcome): void {
    if (this.#isStopped || (changed.length + removed.length === 0 && !isRejectionChanged)) return;
    this.#options.changed({ changed, removed });
  }
}
