/** The cluster that a command works on: from the flags that kubectl has, too, to a client. */

import { parseDurationMs } from '../base/duration.ts';
import { MeshError } from '../base/mesh-error.ts';
import type { KubeClient } from '../kube/client.ts';
import { kubeconfigOf } from './cluster-files.ts';
import type { Context } from './context.ts';

/** The values of the global flags that say which cluster is meant, and who asks. */
export interface ClusterFlags {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly namespace: string | undefined;
  readonly as: string | undefined;
  readonly 'as-uid': string | undefined;
  readonly 'as-group': readonly string[];
  readonly 'kubeclient-timeout': string;
}

export interface Cluster {
  readonly client: KubeClient;
  /** `--namespace`, else the one of the context, else `default`. */
  readonly namespace: string;
  /** The context, as messages name the cluster. */
  readonly name: string;
}

/**
 * Opens the way to the cluster; nothing is asked of it yet. As kubectl does it, that is the file of
 * `--kubeconfig`, else those of `$KUBECONFIG`, else `~/.kube/config`, else the cluster that this runs in. Throws
 * a `MeshError` when there is none of these.
 */
export async function openCluster(
  flags: ClusterFlags,
  context: Pick<Context, 'env' | 'homeDir' | 'cwd'>,
): Promise<Cluster> {
  const kubeconfig = kubeconfigOf(flags, context);
  const [{ loadAccess }, { KubeClient }, { packageVersion }] = await Promise.all([
    import('../kube/access.ts'),
    import('../kube/client.ts'),
    import('../base/package-version.ts'),
  ]);
  const access = await loadAccess({ kubeconfig, context: flags.context, ...impersonation(flags) });
  const silenceLimit = parseDurationMs(flags['kubeclient-timeout']);
  const client = new KubeClient(access, {
    userAgent: `mesh/${packageVersion()}`,
    ...(silenceLimit === undefined || silenceLimit <= 0 ? {} : { silenceLimit }),
  });
  return { client, namespace: flags.namespace ?? access.namespace ?? 'default', name: access.name };
}

function impersonation(flags: ClusterFlags): {
  impersonate?: { user: string; uid: string | undefined; groups: readonly string[] };
} {
  const { as: user, 'as-uid': uid, 'as-group': groups } = flags;
  if (user !== undefined) return { impersonate: { user, uid, groups } };
  if (uid === undefined && groups.length === 0) return {};
  throw new MeshError('BadFlagValue', `${uid === undefined ? '--as-group' : '--as-uid'} needs --as`, {
    hint: 'Name the user to be with --as USER.',
  });
}

/** A signal that aborts after `--timeout`; none for a duration of zero. */
export function timeoutSignal(duration: string): AbortSignal {
  const milliseconds = parseDurationMs(duration) ?? 0;
  return milliseconds > 0 ? AbortSignal.timeout(Math.ceil(milliseconds)) : new AbortController().signal;
}
