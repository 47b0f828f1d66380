/** The objects of a cluster that have the kinds and names of given ones, of whatever kind these are. */

import { findKind, kindKey, splitApiVersion } from '../api/kinds.ts';
import { inParallel } from '../base/parallel.ts';
import type { KubeClient } from './client.ts';
import { explained } from './explain.ts';
import { ApiFailure } from './failure.ts';
import type { ApiObject } from './reflector.ts';

const AT_ONCE = 8;

interface Place {
  readonly plural: string;
  readonly clusterWide: boolean;
}

/**
 * Each object as it is on the server; those that are not there, and kinds that it does not have, are left out.
 * What names no namespace is looked for in `namespace`. Throws a `MeshError` when the server refuses to tell.
 */
export async function liveObjects(
  client: KubeClient,
  objects: readonly ApiObject[],
  namespace: string,
  signal: AbortSignal,
): Promise<readonly ApiObject[]> {
  const kinds = new Map<string, Promise<Place | undefined>>();
  const found = await inParallel(objects, AT_ONCE, async (object) => {
    const { apiVersion, kind, metadata } = object as Readonly<Record<string, unknown>>;
    const { name, namespace: own = namespace } = (metadata ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof apiVersion !== 'string' || typeof kind !== 'string' || typeof name !== 'string') return [];
    const id = `${apiVersion}/${kind}`;
    const place = kinds.get(id) ?? placeOf(client, apiVersion, kind, signal);
    kinds.set(id, place);
    const where = await place;
    if (where === undefined) return [];
    const inside = where.clusterWide ? '' : `/namespaces/${encodeURIComponent(String(own))}`;
    const path = `${rootOf(apiVersion)}${inside}/${where.plural}/${encodeURIComponent(name)}`;
    try {
      return [await client.get(path, { signal })];
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 404) return [];
      throw explained(error, client, `${kind} ${where.clusterWide ? '' : `${String(own)}/`}${name}`);
    }
  });
  return found.flat();
}

function rootOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** What the kind is called in paths: from the registry, else from the server. */
async function placeOf(
  client: KubeClient,
  apiVersion: string,
  kind: string,
  signal: AbortSignal,
): Promise<Place | undefined> {
  const info = findKind(kindKey(splitApiVersion(apiVersion).group, kind));
  if (info !== undefined && info.scope !== 'File')
    return { plural: info.plural, clusterWide: info.scope === 'Cluster' };
  try {
    const { resources } = (await client.get(rootOf(apiVersion), { signal })) as {
      readonly resources?: unknown;
    };
    const list = (Array.isArray(resources) ? resources : []) as readonly {
      readonly name: string;
      readonly kind: string;
      readonly namespaced: boolean;
    }[];
    const found = list.find((one) => one.kind === kind && !one.name.includes('/'));
    return found === undefined ? undefined : { plural: found.name, clusterWide: !found.namespaced };
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return undefined;
    throw explained(error, client);
  }
}
