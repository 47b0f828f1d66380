/** How to reach a cluster and who to be there: a kubeconfig file, or the place of a Pod in the cluster. */

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';

/** In place of a file: the service account of the Pod that this process runs in. */
export const IN_CLUSTER = 'in-cluster';

export interface AccessOptions {
  /** A kubeconfig file, or `in-cluster`. */
  readonly kubeconfig: string;
  /** The file's own choice when left out. */
  readonly context?: string | undefined;
}

export interface Access {
  /** Address of the API server, without a slash at its end. */
  readonly server: string;
  /** The context, as logs name the cluster. */
  readonly name: string;
  /** Fills in certificates and credentials, which may change while the process runs. */
  apply(options: RequestOptions): Promise<void>;
}

/** Reads the access to a cluster. Throws a `MeshError` that says what is wrong with it. */
export async function loadAccess({ kubeconfig, context }: AccessOptions): Promise<Access> {
  // The library is large, and most runs need no cluster.
  const library = await import('@kubernetes/client-node/dist/config.js');
  const config = new library.KubeConfig();
  if (kubeconfig === IN_CLUSTER) loadInCluster(config);
  else loadFile(config, kubeconfig);
  if (context !== undefined) chooseContext(config, context, kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    const name = config.getCurrentContext();
    const known = config.getContexts().map((one) => one.name);
    const reason =
      name === undefined || name === ''
        ? 'names no current context'
        : `has no cluster for the context "${name}"`;
    throw bad(
      kubeconfig,
      reason,
      `Choose a context with --context; there are ${known.join(', ') || 'none'}.`,
    );
  }
  const { server, skipTLSVerify, proxyUrl } = cluster;
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
    throw bad(kubeconfig, `the address of its server is "${server}", which is no https:// URL`);
  }
  const isPlain = server.startsWith('http:');
  if (isPlain && !skipTLSVerify) {
    throw bad(
      kubeconfig,
      `the server ${server} would be asked without encryption`,
      'Use https://, or say insecure-skip-tls-verify: true for a server on this machine.',
    );
  }
  const agent = isPlain ? new HttpAgent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true });
  return {
    server: server.replace(/\/+$/, ''),
    name: config.getCurrentContext(),
    apply: async (options) => {
      await config.applyToHTTPSOptions(options as Parameters<KubeConfig['applyToHTTPSOptions']>[0]);
      // The library's own agent opens a connection for each request; it is needed only for proxies.
      if (proxyUrl === undefined || proxyUrl === '') options.agent = agent;
    },
  };
}

function loadInCluster(config: KubeConfig): void {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
  if (host === undefined || host === '' || port === undefined || port === '') {
    throw new MeshError('BadKubeconfig', 'this process does not run in a Pod of a cluster', {
      hint: `${IN_CLUSTER} needs KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT; elsewhere name a kubeconfig file.`,
    });
  }
  config.loadFromCluster();
}

function loadFile(config: KubeConfig, file: string): void {
  try {
    config.loadFromFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // The library reads fields of whatever is there.
    const reason = error instanceof TypeError ? 'it is no kubeconfig file' : (message.split('\n')[0] ?? '');
    throw bad(file, code === 'ENOENT' ? 'there is no such file' : reason, undefined, error);
  }
}

function chooseContext(config: KubeConfig, context: string, file: string): void {
  const known = config.getContexts().map(({ name }) => name);
  if (!known.includes(context)) {
    const near = nearestName(context, known);
    const hint = near === undefined ? `It has ${known.join(', ') || 'none'}.` : `Did you mean ${near}?`;
    throw bad(file, `it has no context "${context}"`, hint);
  }
  config.setCurrentContext(context);
}

function bad(file: string, reason: string, hint?: string, cause?: unknown): MeshError {
  return new MeshError('BadKubeconfig', reason, { where: { file }, hint, cause });
}
