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
  return (await tagsAndUsers(client, signal)).tags;
}

/** A namespace that asks for injection, and the revision or tag that it names for that. */
export interface User {
  readonly name: string;
  readonly tag: string;
}

/** All tags and the namespaces that name one, or a revision: two questions at once. Throws a `MeshError`. */
export async function tagsAndUsers(
  client: KubeClient,
  signal: AbortSignal,
): Promise<{ readonly tags: readonly Tag[]; readonly users: readonly User[] }> {
  const [webhooks, users] = await Promise.all([injectors(client, signal), usersOf(client, signal)]);
  const tags = webhooks.flatMap(({ metadata }) => {
    const tag = metadata.labels?.[TAG_LABEL];
    const revision = metadata.labels?.['istio.io/rev'] ?? 'default';
    return tag === undefined ? [] : [{ tag, revision, namespaces: namesOf(users, tag) }];
  });
  return { tags: tags.toSorted((one, other) => (one.tag < other.tag ? -1 : 1)), users };
}

/** The namespaces that name the tag or revision. */
export function namesOf(users: readonly User[], tag: string): readonly string[] {
  return users.filter((one) => one.tag === tag).map(({ name }) => name);
}

async function usersOf(client: KubeClient, signal: AbortSignal): Promise<readonly User[]> {
  const list = () => listObjects(client, listPath(NAMESPACE), { signal, metadataOnly: true });
  let all: readonly ApiObject[];
  try {
    all = await persisting(list, { signal });
  } catch (error) {
    throw explained(error, client);
  }
  return all.flatMap((one) => {
    const { name, labels = {} } = one['metadata'] as {
      readonly name?: unknown;
      readonly labels?: Readonly<Record<string, string>>;
    };
    // What asks for injection without a name is for the tag default, too.
    const tag = labels['istio-injection'] === 'enabled' ? 'default' : labels['istio.io/rev'];
    return tag === undefined ? [] : [{ name: String(name), tag }];
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
