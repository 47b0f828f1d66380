/** The admin interface of the proxy in a pod, reached through the API server. */

import { MeshError } from '../base/mesh-error.ts';
import { explained } from '../kube/explain.ts';
import { pageOf } from '../kube/pod-page.ts';
import { findPod, type PodName, podsBySelector } from '../kube/pods.ts';
import { type Cluster, type ClusterFlags, openCluster, timeoutSignal } from './cluster.ts';
import type { Context } from './context.ts';
import { proxyPage } from './mesh-pages.ts';

export interface ProxyAdmin {
  /** `name.namespace`. */
  readonly name: string;
  /** The answer to a path of the admin interface. Throws a `MeshError` for everything but an answer of 200. */
  ask(path: string, method?: 'GET' | 'POST'): Promise<Buffer>;
}

/** The proxy of the pod that is meant. Nothing is asked of it yet. Throws a `MeshError`. */
export async function proxyOf(
  pod: string,
  flags: ClusterFlags & { readonly 'proxy-admin-port': number },
  context: Context,
): Promise<ProxyAdmin> {
  requirePort(flags['proxy-admin-port']);
  const cluster = await openCluster(flags, context);
  const signal = timeoutSignal(flags['kubeclient-timeout']);
  const found = await findPod(cluster.client, pod, cluster.namespace, signal);
  return proxyAt(cluster, found, flags);
}

/** The proxies of the pod that is named, or of all pods with the labels. Throws a `MeshError` when there is none. */
export async function proxiesOf(
  command: string,
  pod: string | undefined,
  flags: ClusterFlags & { readonly 'proxy-admin-port': number; readonly selector: string | undefined },
  context: Context,
): Promise<readonly ProxyAdmin[]> {
  const { selector } = flags;
  if ((pod === undefined) === (selector === undefined)) {
    throw new MeshError(
      'MissingArgument',
      pod === undefined
        ? `${command} requires pod name or --selector`
        : `${command} takes a pod or --selector, not both`,
    );
  }
  if (pod !== undefined) return [await proxyOf(pod, flags, context)];
  requirePort(flags['proxy-admin-port']);
  const cluster = await openCluster(flags, context);
  const signal = timeoutSignal(flags['kubeclient-timeout']);
  const pods = await podsBySelector(cluster.client, selector ?? '', cluster.namespace, signal);
  if (pods.length > 0) return pods.map((found) => proxyAt(cluster, found, flags));
  throw new MeshError('NoPods', `no pods match the labels ${selector} in namespace ${cluster.namespace}`);
}

/** The proxy of a pod. */
export function proxyAt(
  { client }: Cluster,
  { name, namespace }: PodName,
  flags: ClusterFlags & { readonly 'proxy-admin-port': number },
): ProxyAdmin {
  const title = `${name}.${namespace}`;
  return {
    name: title,
    async ask(path, method = 'GET') {
      const signal = timeoutSignal(flags['kubeclient-timeout']);
      const port = flags['proxy-admin-port'];
      const place = proxyPage({ namespace, pod: name, port });
      const answer = await pageOf(client, place, { path, method, signal }).catch((error: unknown) => {
        throw unreachable(title, port, explained(error, client, `Pod ${namespace}/${name}`));
      });
      if (answer.status === 200) return answer.body;
      const words = answer.body.toString('utf8').trim().slice(0, 300);
      throw new MeshError(
        'ProxyRefused',
        `the proxy of ${title} answers ${answer.status} to ${path}: ${words}`,
      );
    },
  };
}

/** Throws a `MeshError` for what is no port. */
export function requirePort(port: number): void {
  if (port >= 1 && port <= 65_535) return;
  throw new MeshError('BadFlagValue', `--proxy-admin-port is ${port}, but must be in the range 1..65535`);
}

function unreachable(proxy: string, port: number, error: unknown): unknown {
  if (error instanceof MeshError && error.code === 'NotFound') {
    return new MeshError(error.code, error.message, {
      hint: 'Is it in another namespace? Write NAME.NAMESPACE, or name it with --namespace.',
      ...(error.where !== undefined && { where: error.where }),
      cause: error,
    });
  }
  if (error instanceof MeshError && error.code !== 'PodFailed') return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new MeshError('ProxyUnreachable', `the proxy of ${proxy} cannot be asked: ${reason}`, {
    hint: `Does the pod have a proxy whose admin interface is on port ${port}? --proxy-admin-port names another.`,
    cause: error,
  });
}
