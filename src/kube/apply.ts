/** Server-side apply, with a field manager of our own, and deletion. */

import type { Answer, KubeClient } from './client.ts';
import { ApiFailure } from './failure.ts';
import type { ApiObject } from './reflector.ts';
import { objectPath, type TypeName } from './resource-path.ts';

/** Who owns the fields that commands apply. */
export const FIELD_MANAGER = 'lateen-mesh';

/** An object with the fields that are to be as they stand there. */
export interface Applied extends TypeName {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export interface ApplyOptions {
  readonly signal: AbortSignal;
  /** Only ask what would come of it. */
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
}

/**
 * Makes the object what it says, and leaves fields alone that it does not name; fields that others own are taken
 * over. Returns the object as it is then. Throws an `ApiFailure`.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
export async function applyObject(
  client: KubeClient,
  object: Applied,
  { signal, dryRun, fieldManager = FIELD_MANAGER }: ApplyOptions,
): Promise<Answer> {
  const { name, namespace } = object.metadata;
  const query = new URLSearchParams({
    fieldManager,
    force: 'true',
    ...(dryRun === true ? { dryRun: 'All' } : {}),
  });
  return client.write('PATCH', `${objectPath(object, name, namespace)}?${query}`, {
    signal,
    body: object,
    contentType: 'application/apply-patch+yaml',
  });
}

/** The object; undefined when it, or its kind, is not there. */
export async function findObject(
  client: KubeClient,
  type: TypeName,
  { name, namespace }: Applied['metadata'],
  signal: AbortSignal,
): Promise<ApiObject | undefined> {
  try {
    return await client.get(objectPath(type, name, namespace), { signal });
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return undefined;
    throw error;
  }
}

/** Deletes the object and what it owns. Returns false when there was none. Throws an `ApiFailure`. */
export async function deleteObject(
  client: KubeClient,
  object: Applied,
  { signal, dryRun }: ApplyOptions,
): Promise<boolean> {
  const { name, namespace } = object.metadata;
  try {
    await client.write('DELETE', objectPath(object, name, namespace), {
      signal,
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        ...(dryRun === true ? { dryRun: ['All'] } : {}),
      },
    });
    return true;
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return false;
    throw error;
  }
}

/** Merges fields into an object that is there. Throws an `ApiFailure`, with 404 when it is not. */
export async function patchObject(
  client: KubeClient,
  type: TypeName,
  { name, namespace }: Applied['metadata'],
  patch: unknown,
  { signal, dryRun, fieldManager = FIELD_MANAGER }: ApplyOptions,
): Promise<Answer> {
  const query = new URLSearchParams({ fieldManager, ...(dryRun === true ? { dryRun: 'All' } : {}) });
  return client.write('PATCH', `${objectPath(type, name, namespace)}?${query}`, {
    signal,
    body: patch,
    contentType: 'application/merge-patch+json',
  });
}
