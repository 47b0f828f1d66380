/** A ConfigMap of the control plane, read from the cluster by its name. */

import { MeshError } from '../base/mesh-error.ts';
import { findObject } from '../kube/apply.ts';
import { explained } from '../kube/explain.ts';
import type { ApiObject } from '../kube/reflector.ts';
import { type Cluster, type ClusterFlags, openCluster, timeoutSignal } from './cluster.ts';
import type { Context } from './context.ts';

/** The first of these that there is. Throws a `MeshError` when there is a cluster and it cannot be asked. */
export async function clusterConfigMap(
  names: readonly string[],
  flags: ClusterFlags & { readonly istioNamespace: string; readonly 'use-kube': boolean },
  context: Context,
): Promise<ApiObject | 'no cluster' | 'not found'> {
  let cluster: Cluster;
  try {
    cluster = await openCluster(flags, context);
  } catch (error) {
    // Who did not ask for a cluster is not told of kubeconfig files.
    if (error instanceof MeshError && error.code === 'NoKubeconfig' && !flags['use-kube'])
      return 'no cluster';
    throw error;
  }
  const { client } = cluster;
  const signal = timeoutSignal(flags['kubeclient-timeout']);
  for (const name of names) {
    try {
      const type = { apiVersion: 'v1', kind: 'ConfigMap' };
      const found = await findObject(client, type, { name, namespace: flags.istioNamespace }, signal);
      if (found !== undefined) return { ...found, ...type };
    } catch (error) {
      throw explained(error, client, `ConfigMap ${flags.istioNamespace}/${name}`);
    }
  }
  return 'not found';
}
