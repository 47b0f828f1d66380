/** All objects of a kind, in pages. */

import type { KubeClient } from './client.ts';
import { ApiFailure } from './failure.ts';
import type { ApiObject } from './reflector.ts';

export interface ListOptions {
  readonly signal: AbortSignal;
  /** As kubectl takes it: `app=istiod,istio.io/rev in (a, b)`. */
  readonly labels?: string;
  readonly fields?: string;
  /** Objects that a page has at most. */
  readonly pageSize?: number;
  /** Ask for names and labels only, where that is all that is read. */
  readonly metadataOnly?: boolean;
}

const METADATA = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** Pages that a list has at most: a server that never ends one is not followed for ever. */
const MAX_PAGES = 10_000;

/**
 * The objects at a path. When so much time goes by between two pages that the first is too old, all is asked for
 * anew and at once. Throws an `ApiFailure`.
 */
export async function listObjects(
  client: KubeClient,
  path: string,
  options: ListOptions,
): Promise<readonly ApiObject[]> {
  const { signal, labels, fields, pageSize = 500, metadataOnly } = options;
  const accept = metadataOnly === true ? METADATA : undefined;
  let items: ApiObject[] = [];
  let limit = pageSize;
  let token = '';
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const query = new URLSearchParams({
      ...(labels === undefined ? {} : { labelSelector: labels }),
      ...(fields === undefined ? {} : { fieldSelector: fields }),
      ...(limit > 0 ? { limit: String(limit) } : {}),
      ...(token === '' ? {} : { continue: token }),
    });
    let page;
    try {
      page = await client.get(`${path}?${query}`, { signal, ...(accept === undefined ? {} : { accept }) });
    } catch (error) {
      if (token === '' || !(error instanceof ApiFailure) || !error.isExpired) throw error;
      [items, limit, token] = [[], 0, ''];
      continue;
    }
    const { items: found, metadata } = page as {
      readonly items?: unknown;
      readonly metadata?: { readonly continue?: unknown };
    };
    if (!Array.isArray(found) && found !== null)
      throw new ApiFailure(200, 'the answer to a list has no items');
    // An empty list of metadata has null there.
    for (const item of (found ?? []) as readonly unknown[]) {
      if (typeof item === 'object' && item !== null) items.push(item as ApiObject);
    }
    const next = metadata?.continue;
    if (typeof next !== 'string' || next === '') return items;
    token = next;
  }
  throw new ApiFailure(200, `the list at ${client.url(path)} does not end`);
}
