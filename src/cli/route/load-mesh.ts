/** Reads the files that a question about routes is asked of. */

import { meshFromObjects } from '../../analysis/mesh-input.ts';
import { admit } from '../../config/admission.ts';
import type { MeshObject } from '../../config/object.ts';
import { discoveredNamespaces } from '../../model/discovery-selectors.ts';
import { meshSettings } from '../../model/mesh-settings.ts';
import { Snapshot } from '../../model/snapshot.ts';
import type { ClusterFlags } from '../cluster.ts';
import type { Context } from '../context.ts';
import { loadInput } from '../load-input.ts';
import { RouteMesh, missingGateways } from './route-mesh.ts';

export interface MeshFlags {
  readonly namespace: string | undefined;
  readonly istioNamespace: string;
  readonly meshConfigFile: string | undefined;
}

export interface LoadedMesh {
  readonly mesh: RouteMesh;
  readonly files: readonly string[];
}

export interface LoadedSnapshot {
  readonly objects: readonly MeshObject[];
  readonly snapshot: Snapshot;
  readonly files: readonly string[];
}

/** What is wrong in the files is noted on standard error: objects with errors are left out, as in a cluster. */
export async function loadSnapshot(
  paths: readonly string[],
  flags: MeshFlags,
  context: Context,
): Promise<LoadedSnapshot> {
  const loaded = await loadInput(paths, { strictFiles: false, knownExtensionsOnly: true }, context);
  const defaultNamespace = flags.namespace ?? 'default';
  const { objects, rejections } = await admit(loaded, [], {
    defaultNamespace,
    rootNamespace: flags.istioNamespace,
  });
  for (const { file, line, object, errors } of rejections) {
    const what = object === undefined ? 'this file cannot be read' : `${object} is left out`;
    context.stderr.write(`Note: ${file}:${line}: ${what}: ${errors.join('; ')}\n`);
  }
  return { objects, snapshot: await buildSnapshot(objects, flags, context), files: loaded.files };
}

/** What routes are made of, where a cluster is asked too. */
export interface ClusterMeshFlags extends MeshFlags, ClusterFlags {
  /** How long reading the cluster may take, in milliseconds. */
  readonly timeout: string;
}

/**
 * The mesh of the files, of a cluster, or of a cluster with the files in it: a file's object stands for the cluster's
 * of its name. Gateways that are named and are not there are taken for plain ones where there are only files.
 */
export async function loadMesh(
  paths: readonly string[],
  flags: ClusterMeshFlags,
  withCluster: boolean,
  context: Context,
): Promise<LoadedMesh> {
  if (withCluster) return loadClusterMesh(paths, flags, context);
  const { objects, snapshot: given, files } = await loadSnapshot(paths, flags, context);
  const missing = missingGateways(given);
  for (const name of missing.names) {
    context.stderr.write(
      `Note: the Gateway ${name} is not in the files: taken for an HTTP server on port 80 for every host\n`,
    );
  }
  const snapshot =
    missing.objects.length === 0
      ? given
      : await buildSnapshot([...objects, ...missing.objects], flags, context);
  return { mesh: new RouteMesh(snapshot, flags.namespace ?? 'default'), files };
}

async function loadClusterMesh(
  paths: readonly string[],
  flags: ClusterMeshFlags,
  context: Context,
): Promise<LoadedMesh> {
  const [{ openCluster, timeoutSignal }, { clusterObjects }, { wantedKinds }] = await Promise.all([
    import('../cluster.ts'),
    import('../cluster-snapshot.ts'),
    import('../../controller/wanted-kinds.ts'),
  ]);
  const { client, namespace } = await openCluster(flags, context);
  const kinds = wantedKinds(flags.istioNamespace).map(({ info }) => info.key);
  const inCluster = await clusterObjects(client, kinds, flags, timeoutSignal(flags.timeout), context);
  const here = { ...flags, namespace };
  const given = paths.length === 0 ? undefined : await loadSnapshot(paths, here, context);
  // Of two objects of one name the later counts.
  const objects = [...inCluster, ...(given?.objects ?? [])];
  const snapshot = await buildSnapshot(objects, here, context);
  return { mesh: new RouteMesh(snapshot, namespace), files: given?.files ?? [] };
}

/** The snapshot of objects that have been checked, with the settings of the file or of the ConfigMap among them. */
export async function buildSnapshot(
  objects: readonly MeshObject[],
  { namespace, istioNamespace, meshConfigFile }: MeshFlags,
  context: Context,
): Promise<Snapshot> {
  const found = meshFromObjects(objects, istioNamespace, namespace);
  let { config } = found;
  if (meshConfigFile !== undefined) {
    const { readMeshConfig } = await import('../mesh-config-file.ts');
    config = await readMeshConfig(meshConfigFile, context);
  }
  const discovered = discoveredNamespaces(config ?? {}, objects);
  const mesh = meshSettings(config, { networks: found.networks, istioNamespace, discovered });
  return Snapshot.build(objects, { mesh, ...(namespace !== undefined && { defaultNamespace: namespace }) });
}
