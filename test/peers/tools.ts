/** Where the real components that end-to-end tests run against are kept: in a cache outside the tree. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Our Go module, which names the Kubernetes release and pins all that it is built from. */
export const KUBERNETES_MODULE = fileURLToPath(new URL('kubernetes', import.meta.url));

/** What is built from that module. */
export const KUBERNETES_PROGRAMS = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
] as const;

/** The release of kwok, which plays the nodes. */
export const KWOK_VERSION = 'v0.7.0';

/** Programs of an API server and its client, as absolute paths. */
export interface ControlPlaneTools {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubectl: string;
}

/** Programs of a cluster in which Deployments roll out, as absolute paths. */
export interface ClusterTools extends ControlPlaneTools {
  readonly kubeControllerManager: string;
  readonly kubeScheduler: string;
  readonly kwok: string;
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

/** Folder of the program that plays nodes. */
export function kwokFolder(): string {
  return join(cacheFolder(), `kwok-${KWOK_VERSION}-${process.platform}-${process.arch}`);
}

/** Folder that the distribution's etcd is unpacked into. */
export function etcdFolder(): string {
  return join(cacheFolder(), `etcd-${process.platform}-${process.arch}`);
}

/** The etcd on the path, else the unpacked one; undefined when there is neither. */
export function findEtcd(): string | undefined {
  return ofDistribution('etcd', etcdFolder());
}

/** Folder that the distribution's Prometheus is unpacked into. */
export function prometheusFolder(): string {
  return join(cacheFolder(), `prometheus-${process.platform}-${process.arch}`);
}

/** The Prometheus on the path, else the unpacked one; undefined when there is neither. */
export function findPrometheus(): string | undefined {
  return ofDistribution('prometheus', prometheusFolder());
}

/** The Chromium without a window on the path; undefined when there is none. */
export function findBrowser(): string | undefined {
  return ['chromium-headless-shell', 'chromium']
    .map((program) => onPath(program))
    .find((file) => file !== undefined);
}

function ofDistribution(program: string, unpacked: string): string | undefined {
  return onPath(program) ?? onPath(program, [join(unpacked, 'usr', 'bin')]);
}

function onPath(program: string, folders = (process.env.PATH ?? '').split(delimiter)): string | undefined {
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file));
}

/** What is missing, as a word for the names of tests that are left out. */
export interface Missing {
  readonly missing: string;
}

/** The programs of an API server, or what of them is missing. */
export function findControlPlane(): ControlPlaneTools | Missing {
  const etcd = findEtcd();
  const [kubeApiserver, kubectl] = [builtProgram('kube-apiserver'), builtProgram('kubectl')];
  if (etcd !== undefined && existsSync(kubeApiserver) && existsSync(kubectl))
    return { etcd, kubeApiserver, kubectl };
  return missingOf({ etcd, 'kube-apiserver': kubeApiserver, kubectl });
}

/** The programs of a whole cluster, or what of them is missing. */
export function findCluster(): ClusterTools | Missing {
  const found = findControlPlane();
  const kubeControllerManager = builtProgram('kube-controller-manager');
  const kubeScheduler = builtProgram('kube-scheduler');
  const kwok = join(kwokFolder(), 'kwok');
  const others = missingOf({
    'kube-controller-manager': kubeControllerManager,
    'kube-scheduler': kubeScheduler,
    kwok,
  });
  const missing = [...('missing' in found ? [found.missing] : []), others.missing].filter(
    (names) => names !== '',
  );
  if ('missing' in found || missing.length > 0) return { missing: missing.join(', ') };
  return { ...found, kubeControllerManager, kubeScheduler, kwok };
}

function builtProgram(name: (typeof KUBERNETES_PROGRAMS)[number]): string {
  return join(kubernetesFolder(), name);
}

function missingOf(files: Readonly<Record<string, string | undefined>>): Missing {
  const missing = Object.entries(files).filter(([, file]) => file === undefined || !existsSync(file));
  return { missing: missing.map(([name]) => name).join(', ') };
}

/** Whether this is a run of continuous integration, where nothing may be left out. */
export function inCi(): boolean {
  const { CI } = process.env;
  return CI !== undefined && CI !== '' && CI !== 'false';
}
