/** The objects of some kinds as they are now: what a command answers its question from. */

import type { KindKey } from '../api/kind-info.ts';
import type { MeshObject } from '../config/object.ts';
import type { KubeClient } from './client.ts';
import { deniedRight, rightText, ruleText } from './denied.ts';
import { discoverAtOnce, type ServedKind, type WantedKind } from './discovery.ts';
import { explained } from './explain.ts';
import { ApiFailure } from './failure.ts';
import { listObjects } from './list.ts';
import { fromApi } from './objects.ts';

export interface ReadObjects {
  readonly objects: readonly MeshObject[];
  /** What could not be read, and the right that would allow it: a sentence each. */
  readonly notes: readonly string[];
  /** Kinds that the server has and whose objects could not be read. */
  readonly unread: ReadonlySet<KindKey>;
}

/** Lists that are asked for at once. */
const AT_ONCE = 6;

/**
 * Lists the kinds that the server has, in pages; a kind that it has not is no fault. One that may not be read
 * becomes a note, and the rest is read. Throws a `MeshError` when the server cannot be asked at all.
 */
export async function readKinds(
  client: KubeClient,
  wanted: readonly WantedKind[],
  signal: AbortSignal,
): Promise<ReadObjects> {
  const served = await discoverAtOnce(client, wanted, signal).catch((error: unknown) => {
    throw explained(error, client);
  });
  const kinds = wanted.flatMap(({ info }) => served.get(info.key) ?? []);
  const read = new Map<ServedKind, readonly MeshObject[]>();
  const notes: string[] = [];
  const unread = new Set<KindKey>();
  const waiting = [...kinds];
  const work = async (): Promise<void> => {
    for (let kind = waiting.shift(); kind !== undefined; kind = waiting.shift()) {
      try {
        const items = await listObjects(client, kind.path, { signal });
        const { info, version } = kind;
        read.set(
          kind,
          items.flatMap((item) => fromApi(client, { ...kind, info, version }, item) ?? []),
        );
      } catch (error) {
        if (!(error instanceof ApiFailure) || error.status === undefined) throw explained(error, client);
        notes.push(noteOf(kind, error));
        unread.add(kind.info.key);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { objects: kinds.flatMap((kind) => read.get(kind) ?? []), notes, unread };
}

function noteOf({ info }: ServedKind, failure: ApiFailure): string {
  const right = deniedRight(failure);
  if (right === undefined) return `${info.plural} could not be read: ${failure.message}`;
  return `no right to ${rightText(right)}, so they count for nothing; ${ruleText(right)} gives it`;
}
