/** Which file says where the cluster is, found as kubectl finds it. */

import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { MeshError } from '../base/mesh-error.ts';
import type { Context } from './context.ts';

interface Flags {
  readonly kubeconfig: string | undefined;
}

type Place = Pick<Context, 'env' | 'homeDir' | 'cwd'>;

/** Whether there is any; it may still be wrong. */
export function namesCluster(flags: Flags, place: Place): boolean {
  try {
    kubeconfigOf(flags, place);
    return true;
  } catch (error) {
    if (error instanceof MeshError) return false;
    throw error;
  }
}

/**
 * The file of `--kubeconfig`, else those of `$KUBECONFIG`, else `~/.kube/config`, else the cluster that this runs
 * in. Throws a `MeshError` (`NoKubeconfig`) when there is none of these.
 */
export function kubeconfigOf(flags: Flags, { env, homeDir, cwd }: Place): string | readonly string[] {
  if (flags.kubeconfig !== undefined && flags.kubeconfig !== '') return resolve(cwd, flags.kubeconfig);
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (listed.length > 0) return listed.map((file) => resolve(cwd, file));
  const usual = join(homeDir, '.kube', 'config');
  if (existsSync(usual)) return usual;
  if ((env['KUBERNETES_SERVICE_HOST'] ?? '') !== '') return 'in-cluster';
  throw new MeshError('NoKubeconfig', 'there is no cluster to ask: no kubeconfig file is named or found', {
    hint: `Name one with --kubeconfig FILE or $KUBECONFIG; ${usual} does not exist.`,
  });
}
