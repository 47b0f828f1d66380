/** How to reach a cluster and who to be there: a kubeconfig file, or the place of a Pod in the cluster. */

import { existsSync } from 'node:fs';
import { Agent as HttpAgent, type OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { delimiter } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';

/** In place of a file: the service account of the Pod that this process runs in. */
export const IN_CLUSTER = 'in-cluster';

export interface AccessOptions {
  /** A kubeconfig file, several that are merged as kubectl does it, or `in-cluster`. */
  readonly kubeconfig: string | readonly string[];
  /** The file's own choice when left out. */
  readonly context?: string | undefined;
  /** Who to be in place of the user of the context, as far as that user may. */
  readonly impersonate?: Impersonation;
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation */
export interface Impersonation {
  readonly user: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
}

export interface Access {
  /** Address of the API server, without a slash at its end. */
  readonly server: string;
  /** The context, as logs name the cluster. */
  readonly name: string;
  /** Namespace of the context, if it names one. */
  readonly namespace?: string | undefined;
  /** Fills in certificates and credentials, which may change while the process runs. */
  apply(options: RequestOptions): Promise<void>;
}

/** Reads the access to a cluster. Throws a `MeshError` that says what is wrong with it. */
export async function loadAccess({ kubeconfig, context, impersonate }: AccessOptions): Promise<Access> {
  // The library is large, and most runs need no cluster.
  const library = await import('@kubernetes/client-node/dist/config.js');
  const config = new library.KubeConfig();
  const files = typeof kubeconfig === 'string' ? [kubeconfig] : kubeconfig;
  const name = files.join(delimiter);
  if (kubeconfig === IN_CLUSTER) loadInCluster(config);
  else loadFiles(config, files, () => new library.KubeConfig());
  if (context !== undefined) chooseContext(config, context, name);
  return accessOf(config, name, impersonate);
}

function accessOf(config: KubeConfig, kubeconfig: string, impersonate: Impersonation | undefined): Access {
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
  const impersonation = impersonationHeaders(impersonate);
  return {
    server: server.replace(/\/+$/, ''),
    name: config.getCurrentContext(),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    apply: async (options) => {
      await config.applyToHTTPSOptions(options as Parameters<KubeConfig['applyToHTTPSOptions']>[0]);
      // The library's own agent opens a connection for each request; it is needed only for proxies.
      if (proxyUrl === undefined || proxyUrl === '') options.agent = agent;
      options.headers = { ...(options.headers as OutgoingHttpHeaders), ...impersonation };
    },
  };
}

function impersonationHeaders(impersonate: Impersonation | undefined): OutgoingHttpHeaders {
  if (impersonate === undefined) return {};
  const { user, uid, groups } = impersonate;
  return {
    'Impersonate-User': user,
    ...(uid === undefined ? {} : { 'Impersonate-Uid': uid }),
    ...(groups.length === 0 ? {} : { 'Impersonate-Group': [...groups] }),
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

/** Of several files that say something of one name, the first counts; those that are not there are passed over. */
function loadFiles(config: KubeConfig, files: readonly string[], empty: () => KubeConfig): void {
  const [only, ...more] = files;
  if (only !== undefined && more.length === 0) return loadFile(config, only);
  const there = files.filter((file) => existsSync(file));
  if (there.length === 0) throw bad(files.join(delimiter), 'there is no such file');
  const parts = there.map((file) => {
    const part = empty();
    loadFile(part, file);
    return part;
  });
  config.loadFromOptions({
    clusters: firstOfEach(parts.flatMap(({ clusters }) => clusters)),
    users: firstOfEach(parts.flatMap(({ users }) => users)),
    contexts: firstOfEach(parts.flatMap(({ contexts }) => contexts)),
    currentContext: parts.map((part) => part.currentContext).find((name) => (name ?? '') !== '') ?? '',
  });
}

function firstOfEach<Named extends { readonly name: string }>(all: readonly Named[]): Named[] {
  const found = new Map<string, Named>();
  for (const one of all) if (!found.has(one.name)) found.set(one.name, one);
  return [...found.values()];
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
