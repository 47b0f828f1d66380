/** The names of the CustomResourceDefinitions of a cluster, which tell when a kind comes or goes. */

import type { KindInfo } from '../api/kind-info.ts';
import type { KubeClient } from './client.ts';
import { failureNote } from './notes.ts';
import { type ApiObject, type ObjectEvent, Reflector, type ReflectorOptions } from './reflector.ts';

const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const WHAT = { group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' };

/** Only metadata is asked for: the definitions themselves are megabytes. */
const ACCEPT = {
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  watch: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
};

export interface DefinitionListener {
  /** A definition came, went, or is different. */
  changed(): void;
  /** The note is different. */
  told(): void;
}

export class DefinitionNames {
  readonly #reflector: Reflector;
  readonly #answered = Promise.withResolvers<void>();
  #names = new Set<string>();
  #isWatched = false;
  #note: string | undefined;

  constructor(
    client: KubeClient,
    options: Pick<ReflectorOptions, 'times' | 'pageSize' | 'random'>,
    listener: DefinitionListener,
  ) {
    this.#reflector = new Reflector(
      client,
      { ...options, path: PATH, accept: ACCEPT },
      {
        replace: async (items) => {
          this.#names = new Set(items.map(nameOf));
          this.#isWatched = true;
          this.#answered.resolve();
          listener.changed();
        },
        apply: async (events) => {
          for (const event of events) this.#apply(event);
          listener.changed();
        },
        failed: (failure, verb) => {
          if (failure.status !== undefined) this.#answered.resolve();
          if (failure.status === 401 || failure.status === 403) this.#isWatched = false;
          this.#note = failureNote(client.url(PATH), WHAT, failure, verb);
          listener.told();
        },
        recovered: () => {
          this.#note = undefined;
          listener.told();
        },
      },
    );
  }

  /** Why they cannot be watched. */
  get note(): string | undefined {
    return this.#note;
  }

  /** Whether a kind that comes or goes is told of. */
  get isWatched(): boolean {
    return this.#isWatched;
  }

  /** Whether the kind is defined, as far as is known. */
  has({ plural, group }: KindInfo): boolean {
    return this.#names.has(`${plural}.${group}`);
  }

  /** Settles when the first list has been answered, be it with a refusal. */
  start(): Promise<void> {
    void this.#reflector.run();
    return this.#answered.promise;
  }

  stop(): void {
    this.#reflector.stop();
  }

  #apply({ type, object }: ObjectEvent): void {
    if (type === 'DELETED') this.#names.delete(nameOf(object));
    else this.#names.add(nameOf(object));
  }
}

function nameOf({ metadata }: ApiObject): string {
  const { name } = (metadata ?? {}) as { readonly name?: unknown };
  return typeof name === 'string' ? name : '';
}
