/** Waits for a state of the cluster: objects are listed once and then watched, through all interruptions. */

import type { KubeClient } from './client.ts';
import type { ApiFailure } from './failure.ts';
import { type ApiObject, Reflector, type ReflectorTimes } from './reflector.ts';
import { listPath, type TypeName } from './resource-path.ts';

/** Objects of one kind. */
export interface Followed {
  readonly type: TypeName;
  /** All namespaces when left out. */
  readonly namespace?: string;
  readonly labels?: string;
  readonly fields?: string;
}

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** Called when a kind cannot be listed or watched; what is refused for good counts as empty from then on. */
  failed?(failure: ApiFailure, followed: Followed): void;
}

const TIMES: ReflectorTimes = { retry: { first: 200, max: 3_000 }, watchFor: 300 };

/**
 * Follows the objects until `judge`, which gets the lists in the order of `followed`, returns something, and
 * returns that. It is asked as soon as all lists are there, and then after each change. Rejects with the reason
 * of the signal when that aborts first, or with what `judge` throws.
 */
export async function followUntil<Value>(
  client: KubeClient,
  followed: readonly Followed[],
  judge: (lists: readonly (readonly ApiObject[])[]) => Value | undefined,
  { signal, failed }: FollowOptions,
): Promise<Value> {
  const lists = followed.map(() => new Map<string, ApiObject>());
  const answered = new Set<number>();
  const result = Promise.withResolvers<Value>();
  const ask = (): void => {
    if (answered.size < followed.length) return;
    try {
      const value = judge(lists.map((list) => [...list.values()]));
      if (value !== undefined) result.resolve(value);
    } catch (error) {
      result.reject(error);
    }
  };
  const reflectors = followed.map((one, index) => {
    const list = lists[index] ?? new Map<string, ApiObject>();
    return new Reflector(
      client,
      {
        path: listPath(one.type, one.namespace),
        query: {
          ...(one.labels === undefined ? {} : { labelSelector: one.labels }),
          ...(one.fields === undefined ? {} : { fieldSelector: one.fields }),
        },
        times: TIMES,
        pageSize: 500,
      },
      {
        replace: async (items) => {
          list.clear();
          for (const item of items) list.set(identity(item), item);
          answered.add(index);
          ask();
        },
        apply: async (events) => {
          for (const { type, object } of events) {
            if (type === 'DELETED') list.delete(identity(object));
            else list.set(identity(object), object);
          }
          ask();
        },
        failed: (failure) => {
          failed?.(failure, one);
          // A kind that is not there, or that one may not read, has no objects for us.
          if (failure.status === 403 || failure.status === 404) answered.add(index);
          if (failure.status === 401) result.reject(failure);
          ask();
        },
        recovered: () => undefined,
      },
    );
  });
  const abort = (): void => result.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    // With nothing to follow there is nothing to wait for either.
    if (reflectors.length === 0) ask();
    for (const reflector of reflectors) void reflector.run().catch((error: unknown) => result.reject(error));
    return await result.promise;
  } finally {
    signal.removeEventListener('abort', abort);
    for (const reflector of reflectors) reflector.stop();
  }
}

function identity({ metadata }: ApiObject): string {
  const { namespace, name } = (metadata ?? {}) as Readonly<Record<string, unknown>>;
  return JSON.stringify([namespace, name]);
}
