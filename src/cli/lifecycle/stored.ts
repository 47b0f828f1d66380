/** The installations of a cluster, as they tell of themselves. */

import { MeshError } from '../../base/mesh-error.ts';
import { readHead, readStored, STORED_LABEL, type Stored, type StoredHead } from '../../install/stored.ts';
import type { KubeClient } from '../../kube/client.ts';
import { explained } from '../../kube/explain.ts';
import { listObjects } from '../../kube/list.ts';
import { type PatienceOptions, persisting } from '../../kube/patience.ts';
import type { ApiObject } from '../../kube/reflector.ts';
import { listPath } from '../../kube/resource-path.ts';

/** All of them, by revision. `namespace` is the only one that is looked into. Throws a `MeshError`. */
export async function installations(
  client: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly Stored[]> {
  const { load } = await import('js-yaml');
  const found = await storedObjects(client, namespace, signal);
  return found.map((one) => readStored(one, (text) => load(text))).toSorted(byRevision);
}

/** The same without their settings, which take longer to read than all else. Throws a `MeshError`. */
export async function installationHeads(
  client: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly StoredHead[]> {
  const found = await storedObjects(client, namespace, signal);
  return found.map((one) => readHead(one)).toSorted(byRevision);
}

async function storedObjects(
  client: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly ApiObject[]> {
  const path = listPath({ apiVersion: 'v1', kind: 'ConfigMap' }, namespace);
  try {
    return await persisting(() => listObjects(client, path, { signal, labels: STORED_LABEL }), { signal });
  } catch (error) {
    throw explained(error, client);
  }
}

function byRevision(one: StoredHead, other: StoredHead): number {
  return one.revision < other.revision ? -1 : 1;
}

/**
 * Refuses a revision that is installed in another namespace: both would answer for the same pods, and what belongs
 * to one of them could not be told from the other's. Throws a `MeshError`.
 */
export async function refuseTaken(
  client: KubeClient,
  { revision, namespace }: { readonly revision: string; readonly namespace: string },
  options: PatienceOptions,
): Promise<void> {
  const { signal } = options;
  const path = listPath({ apiVersion: 'v1', kind: 'ConfigMap' });
  const labels = `${STORED_LABEL}=${revision}`;
  try {
    const list = () => listObjects(client, path, { signal, labels, metadataOnly: true });
    const found = (await persisting(list, options)).map(({ metadata }) =>
      String((metadata as { readonly namespace?: unknown }).namespace),
    );
    const other = found.find((one) => one !== namespace);
    if (other === undefined) return;
    throw new MeshError('RevisionTaken', `the revision ${revision} is installed in the namespace ${other}`, {
      hint: `Go on there with --istioNamespace ${other}, or install beside it with --revision NAME.`,
    });
  } catch (error) {
    throw explained(error, client);
  }
}

/** The installation of that revision (`default` when undefined). Throws a `MeshError` that says which there are. */
export function installationOfRevision(all: readonly Stored[], revision: string | undefined): Stored {
  const wanted = revision === undefined || revision === '' ? 'default' : revision;
  const found = all.find((one) => one.revision === wanted);
  // With a single one there is no doubt which is meant.
  const only = revision === undefined && all.length === 1 ? all[0] : undefined;
  if (found !== undefined) return found;
  if (only !== undefined) return only;
  const known = all.map((one) => one.revision);
  throw new MeshError(
    'NotInstalled',
    known.length === 0
      ? 'this cluster does not say that mesh has installed anything there'
      : `there is no installation of the revision ${wanted}`,
    {
      hint:
        known.length === 0
          ? 'Name another namespace with --istioNamespace, or, if it was installed in another way, the settings with -f or --set.'
          : `There are ${known.join(', ')}; name one with --revision.`,
    },
  );
}
