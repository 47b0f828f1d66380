/** Tags in a cluster: which there are, what they lead to, and who uses them. */

import { MeshError } from '../../base/mesh-error.ts';
import { ownedSelector, TAG_LABEL } from '../../install/owned.ts';
import type { Resource } from '../../install/resource.ts';
import type { KubeClient } from '../../kube/client.ts';
import { explained } from '../../kube/explain.ts';
import { listObjects } from '../../kube/list.ts';
import { persisting } from '../../kube/patience.ts';
import type { ApiObject } from '../../kube/reflector.ts';
import { listPath } from '../../kube/resource-path.ts';
import { nameOf } from './remains.ts';

export interface Tag {
  readonly tag: string;
  readonly revision: string;
  /** Namespaces whose pods get their sidecar by it. */
  readonly namespaces: readonly string[];
}

export const WEBHOOK = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
} as const;
const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' };

/** The injecting webhooks of all revisions and tags, ours and those of others. Throws a `MeshError`. */
export async function injectors(client: KubeClient, signal: AbortSignal): Promise<readonly Resource[]> {
  try {
    const list = () => listObjects(client, listPath(WEBHOOK), { signal, labels: 'istio.io/rev' });
    return (await persisting(list, { signal })).map((one) => ({ ...(one as Resource), ...WEBHOOK }));
  } catch (error) {
    throw explained(error, client);
  }
}

/** All tags, by name. Throws a `MeshError`. */
export async function tagsOf(client: KubeClient, signal: AbortSignal): Promise<readonly Tag[]> {
  const webhooks = await injectors(client, signal);
  const tags = webhooks.flatMap(({ metadata }) => {
    const tag = metadata.labels?.[TAG_LABEL];
    return tag === undefined ? [] : [{ tag, revision: metadata.labels?.['istio.io/rev'] ?? 'default' }];
  });
  if (tags.length === 0) return [];
  const namespaces = await labelledNamespaces(client, signal);
  return tags
    .map((one) => ({
      ...one,
      namespaces: namespaces.filter(({ tag }) => tag === one.tag).map(({ name }) => name),
    }))
    .toSorted((one, other) => (one.tag < other.tag ? -1 : 1));
}

async function labelledNamespaces(
  client: KubeClient,
  signal: AbortSignal,
): Promise<readonly { readonly name: string; readonly tag: string }[]> {
  const list = () => listObjects(client, listPath(NAMESPACE), { signal, metadataOnly: true });
  let all: readonly ApiObject[];
  try {
    all = await persisting(list, { signal });
  } catch (error) {
    throw explained(error, client);
  }
  return all.flatMap((one) => {
    const { labels = {} } = one['metadata'] as { readonly labels?: Readonly<Record<string, string>> };
    // What asks for injection without a name is for the tag default, too.
    const tag = labels['istio-injection'] === 'enabled' ? 'default' : labels['istio.io/rev'];
    return tag === undefined ? [] : [{ name: nameOf(one), tag }];
  });
}

/** What a tag of ours consists of, in the order to delete it. */
export function tagSelector(tag: string): string {
  return `${ownedSelector()},${TAG_LABEL}=${tag}`;
}

/**
 * What stands in the way of leading the tag to the revision, one sentence each: pods would be injected twice, or by
 * a control plane that does not exist. Throws a `MeshError` when the tag leads elsewhere and may not be changed.
 */
export function tagConflicts(
  webhooks: readonly Resource[],
  {
    tag,
    revision,
    overwrite,
  }: { readonly tag: string; readonly revision: string; readonly overwrite: boolean },
): readonly string[] {
  const own = webhooks.filter(({ metadata }) => metadata.labels?.[TAG_LABEL] === undefined);
  const revisions = own.map(({ metadata }) => metadata.labels?.['istio.io/rev'] ?? '');
  if (!revisions.includes(revision)) {
    throw new MeshError('NotFound', `there is no control plane of the revision ${revision}`, {
      hint:
        revisions.length === 0
          ? 'None is installed; see "mesh install".'
          : `There are ${[...new Set(revisions)].toSorted().join(', ')}.`,
    });
  }
  const earlier = webhooks.find(({ metadata }) => metadata.labels?.[TAG_LABEL] === tag);
  const leadsTo = earlier?.metadata.labels?.['istio.io/rev'];
  if (leadsTo !== undefined && leadsTo !== revision && !overwrite) {
    throw new MeshError('TagExists', `the tag ${tag} is there and leads to ${leadsTo}`, {
      hint: `Pass --overwrite to lead it to ${revision}.`,
    });
  }
  if (!revisions.includes(tag)) return [];
  return [
    tag === 'default'
      ? 'The control plane without a revision answers for the same pods as the tag default: remove it first with "mesh uninstall --revision default".'
      : `The revision ${tag} answers for the same pods as a tag of that name.`,
  ];
}
