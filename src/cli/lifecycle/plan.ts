/** What an installation would change in a cluster: every object asked for, and what comes of it on the server itself. */

import { inParallel } from '../../base/parallel.ts';
import { compareObjects, type ResourceDifference } from '../../install/diff.ts';
import { OWNED_TYPES, ownedSelector, TAG_LABEL } from '../../install/owned.ts';
import { type Resource, resourceName } from '../../install/resource.ts';
import { applyObject, FIELD_MANAGER, findObject } from '../../kube/apply.ts';
import type { KubeClient } from '../../kube/client.ts';
import { explained } from '../../kube/explain.ts';
import { listObjects } from '../../kube/list.ts';
import { persisting } from '../../kube/patience.ts';
import type { ApiObject } from '../../kube/reflector.ts';
import { listPath } from '../../kube/resource-path.ts';

/** Requests that are under way at once. */
export const AT_ONCE = 8;

export interface Plan {
  /** In the order to apply them. */
  readonly apply: readonly Resource[];
  /** Of the installation, and no longer asked for, in the order to delete them. */
  readonly remove: readonly Resource[];
  /** Objects that are there as they should be. */
  readonly same: number;
  /** What changes, object by object and field by field. */
  readonly differences: readonly ResourceDifference[];
}

export interface PlanOptions {
  readonly signal: AbortSignal;
  /** The value of `istio.io/rev` of the installation. */
  readonly revisionLabel: string;
  /** Compare on this side only: the server is asked for nothing that only those who may write can ask. */
  readonly isReading?: boolean;
  away?(): void;
}

/** Asks the cluster what of the resources is there, and what would change. Changes nothing. Throws a `MeshError`. */
export async function planInstallation(
  client: KubeClient,
  resources: readonly Resource[],
  options: PlanOptions,
): Promise<Plan> {
  const judged = await inParallel(resources, AT_ONCE, (resource) => judge(client, resource, options));
  const owned = await ownedObjects(client, ownedSelector(options.revisionLabel), options);
  const wanted = new Set(resources.map(identity));
  // What a tag consists of goes with the tag.
  const remove = owned.filter(
    (one) => !wanted.has(identity(one)) && one.metadata.labels?.[TAG_LABEL] === undefined,
  );
  const apply = resources.filter((_, index) => judged[index] !== undefined);
  return {
    apply,
    remove,
    same: resources.length - apply.length,
    differences: [
      ...judged.flatMap((differences) => differences ?? []),
      ...compareObjects(remove, []).differences,
    ],
  };
}

/** What would change of an object; undefined when it is there, as it should be, and ours. */
async function judge(
  client: KubeClient,
  resource: Resource,
  options: PlanOptions,
): Promise<readonly ResourceDifference[] | undefined> {
  const { signal } = options;
  try {
    const live = await persisting(() => findObject(client, resource, resource.metadata, signal), options);
    if (live === undefined) return compareObjects([], [resource]).differences;
    // Most often nothing changes, which needs no question.
    const seen = compareObjects([typed(live, resource)], [resource]).differences;
    if (options.isReading === true) return seen.length === 0 ? undefined : seen;
    if (seen.length === 0 && isManaged(live)) return undefined;
    const after = await persisting(() => applyObject(client, resource, { signal, dryRun: true }), options);
    const { differences } = compareObjects([typed(live, resource)], [typed(after, resource)]);
    return differences.length === 0 && isManaged(live) ? undefined : differences;
  } catch (error) {
    throw explained(error, client, resourceName(resource));
  }
}

/** Whether it has been applied by us before: else fields would stay that are later left out. */
function isManaged({ metadata }: ApiObject): boolean {
  const { managedFields } = (metadata ?? {}) as { readonly managedFields?: unknown };
  return (
    Array.isArray(managedFields) &&
    managedFields.some((one: { readonly manager?: unknown }) => one.manager === FIELD_MANAGER)
  );
}

/** Objects of ours that match the selector, of all kinds and namespaces, in the order to delete them. Throws a `MeshError`. */
export async function ownedObjects(
  client: KubeClient,
  labels: string,
  options: { readonly signal: AbortSignal; away?(): void },
): Promise<readonly Resource[]> {
  const { signal } = options;
  const lists = await inParallel(OWNED_TYPES, AT_ONCE, async (type) => {
    try {
      const list = () => listObjects(client, listPath(type), { signal, labels, metadataOnly: true });
      return (await persisting(list, options)).filter(isOwn).map((one) => typed(one, type));
    } catch (error) {
      throw explained(error, client);
    }
  });
  return lists.flat();
}

/** What controllers of Kubernetes make for an object of ours, with its labels, goes and comes with it. */
function isOwn({ metadata }: ApiObject): boolean {
  const { ownerReferences } = (metadata ?? {}) as { readonly ownerReferences?: unknown };
  return !Array.isArray(ownerReferences) || ownerReferences.length === 0;
}

/** Items of lists do not say what they are. */
function typed(object: ApiObject, { apiVersion, kind }: Pick<Resource, 'apiVersion' | 'kind'>): Resource {
  return { ...(object as Resource), apiVersion, kind };
}

export function identity({ kind, metadata }: Resource): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}
