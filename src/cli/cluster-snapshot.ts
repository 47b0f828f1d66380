/** The snapshot of a cluster, made of the kinds that a question needs. */

import { findKind } from '../api/kinds.ts';
import type { KindKey } from '../api/kind-info.ts';
import { admit } from '../config/admission.ts';
import type { MeshObject } from '../config/object.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { KubeClient } from '../kube/client.ts';
import type { WantedKind } from '../kube/discovery.ts';
import { readKinds } from '../kube/read-kinds.ts';
import type { Context } from './context.ts';
import { buildSnapshot, type MeshFlags } from './route/load-mesh.ts';

/**
 * Reads the kinds, and the ConfigMap with the mesh's settings from the control plane's namespace. What cannot be
 * read is noted on standard error, and objects with errors are left out, as the control plane does it.
 */
export async function clusterSnapshot(
  client: KubeClient,
  kinds: readonly KindKey[],
  flags: MeshFlags,
  signal: AbortSignal,
  context: Context,
): Promise<Snapshot> {
  const objects = await clusterObjects(client, kinds, flags, signal, context);
  return buildSnapshot(objects, flags, context);
}

/** The objects of a cluster that are in force: see `clusterSnapshot`. */
export async function clusterObjects(
  client: KubeClient,
  kinds: readonly KindKey[],
  flags: Pick<MeshFlags, 'istioNamespace'>,
  signal: AbortSignal,
  context: Pick<Context, 'stderr'>,
): Promise<readonly MeshObject[]> {
  const wanted = [...new Set([...kinds, 'core/ConfigMap'])].map((key): WantedKind => {
    const info = findKind(key);
    if (info === undefined) throw new Error(`there is no kind ${key}`);
    return key === 'core/ConfigMap' ? { info, namespace: flags.istioNamespace } : { info };
  });
  const { objects, notes } = await readKinds(client, wanted, signal);
  for (const note of notes) context.stderr.write(`Note: ${note}\n`);
  const admitted = await admit({ objects, problems: [] }, [], {
    defaultNamespace: 'default',
    rootNamespace: flags.istioNamespace,
  });
  for (const { object, errors } of admitted.rejections) {
    context.stderr.write(`Note: ${object} has errors and is left out: ${errors.join('; ')}\n`);
  }
  return admitted.objects;
}
