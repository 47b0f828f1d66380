/** Reads the files that a question about routes is asked of. */

import { meshFromObjects } from '../../analysis/mesh-input.ts';
import { admit } from '../../config/admission.ts';
import type { MeshObject } from '../../config/object.ts';
import { meshSettings } from '../../model/mesh-settings.ts';
import { Snapshot } from '../../model/snapshot.ts';
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

/** The mesh of the files; Gateways that they name and do not hold are taken for plain ones. */
export async function loadMesh(
  paths: readonly string[],
  flags: MeshFlags,
  context: Context,
): Promise<LoadedMesh> {
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
  const mesh = meshSettings(config, { networks: found.networks, istioNamespace });
  return Snapshot.build(objects, { mesh, ...(namespace !== undefined && { defaultNamespace: namespace }) });
}
