/** Where the real components that end-to-end tests run against are kept: in a cache outside the tree. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Our Go module, which names the Kubernetes release and pins all that it is built from. */
export const KUBERNETES_MODULE = fileURLToPath(new URL('kubernetes', import.meta.url));

/** Programs of a Kubernetes control plane, as absolute paths. */
export interface ControlPlaneTools {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubectl: string;
}

/** The release that the module builds, for example `v1.34.4`. */
export function kubernetesVersion(): string {
  const module = readFileSync(join(KUBERNETES_MODULE, 'go.mod'), 'utf8');
  const version = /^require k8s\.io\/kubernetes (v\S+)$/m.exec(module)?.[1];
  if (version === undefined) throw new Error('test/peers/kubernetes/go.mod requires no k8s.io/kubernetes');
  return version;
}

/** `$XDG_CACHE_HOME/lateen/peers`, or the same under `~/.cache`. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME: own } = process.env;
  return join(own === undefined || own === '' ? join(homedir(), '.cache') : own, 'lateen', 'peers');
}

/** Folder of the programs built from the module as it stands now; another state has another folder. */
export function kubernetesFolder(): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(KUBERNETES_MODULE, file)));
  const state = hash.digest('hex').slice(0, 12);
  return join(
    cacheFolder(),
    `kubernetes-${kubernetesVersion()}-${process.platform}-${process.arch}-${state}`,
  );
}

/** Folder that the distribution's etcd is unpacked into. */
export function etcdFolder(): string {
  return join(cacheFolder(), `etcd-${process.platform}-${process.arch}`);
}

/** The etcd on the path, else the unpacked one; undefined when there is neither. */
export function findEtcd(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders.map((folder) => join(folder, 'etcd')), join(etcdFolder(), 'usr', 'bin', 'etcd')].find(
    (file) => existsSync(file),
  );
}

/** The programs, or what of them is missing, as a word for the names of tests that are left out. */
export function findControlPlane(): ControlPlaneTools | { readonly missing: string } {
  const kubeApiserver = join(kubernetesFolder(), 'kube-apiserver');
  const kubectl = join(kubernetesFolder(), 'kubectl');
  const etcd = findEtcd();
  const missing = [
    ...(etcd === undefined ? ['etcd'] : []),
    ...(existsSync(kubeApiserver) ? [] : ['kube-apiserver']),
    ...(existsSync(kubectl) ? [] : ['kubectl']),
  ];
  if (etcd === undefined || missing.length > 0) return { missing: missing.join(', ') };
  return { etcd, kubeApiserver, kubectl };
}

/** Whether this is a run of continuous integration, where nothing may be left out. */
export function inCi(): boolean {
  const { CI } = process.env;
  return CI !== undefined && CI !== '' && CI !== 'false';
}
