/** What a report asks of pods: logs, pages of the control plane and of proxies, and what only a container can tell. */

import { parseDurationMs } from '../../base/duration.ts';
import { MeshError } from '../../base/mesh-error.ts';
import { execInPod } from '../../kube/exec.ts';
import { explained } from '../../kube/explain.ts';
import { type PagePlace, pageOf } from '../../kube/pod-page.ts';
import { annotationOf, nameOf } from '../../kube/pods.ts';
import type { ApiObject } from '../../kube/reflector.ts';
import { controlPlanePage, proxyPage } from '../mesh-pages.ts';
import type { Reading, ReportItem } from './reading.ts';
import type { PodFacts } from './selection.ts';
import { socketTable } from './sockets.ts';

/** Containers whose logs are wanted without being named. */
const OWN_CONTAINERS = new Set(['istio-proxy', 'discovery', 'istio-init', 'ztunnel']);

/** Bytes of one log, or of what one command prints. */
const MAX_LOG = 2 * 1024 * 1024;
const MAX_PAGE = 64 * 1024 * 1024;

/** Milliseconds for one page of one pod, and for one command. */
const PAGE_WITHIN = 20_000;

export function logItems(pod: ApiObject, reading: Reading): readonly ReportItem[] {
  const { name, namespace } = nameOf(pod);
  const facts = factsOf(pod);
  const { selection } = reading;
  return containersOf(pod)
    .filter(
      (container) =>
        selection.wantsContainer(facts, container) &&
        (OWN_CONTAINERS.has(container) || selection.namesContainer(facts, container)),
    )
    .map((container) => ({
      path: `pods/${namespace}/${name}/${container}.log`,
      read: () => readLog(namespace, name, container, reading),
    }));
}

async function readLog(
  namespace: string,
  pod: string,
  container: string,
  { cluster, redactor, signal, flags, now }: Reading,
): Promise<{ readonly text: string; readonly isCut: boolean }> {
  const milliseconds = flags.duration === undefined ? undefined : parseDurationMs(flags.duration);
  const start =
    flags['start-time'] === undefined ? undefined : Math.ceil((now - Date.parse(flags['start-time'])) / 1000);
  const seconds = milliseconds === undefined ? start : Math.ceil(milliseconds / 1000);
  const query = new URLSearchParams({
    container,
    limitBytes: String(MAX_LOG),
    tailLines: String(flags.tail ?? 20_000),
    ...(seconds !== undefined && { sinceSeconds: String(Math.max(1, seconds)) }),
  });
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${query}`;
  const text = await cluster.client.text(path, { signal }).catch((error: unknown) => {
    throw explained(error, cluster.client, `Pod ${namespace}/${pod}`);
  });
  return { text: redactor.text(text), isCut: Buffer.byteLength(text) >= MAX_LOG };
}

export function isControlPlane(pod: ApiObject, { istioNamespace }: Reading): boolean {
  return nameOf(pod).namespace === istioNamespace && factsOf(pod).labels['app'] === 'istiod';
}

export function pageItems(pod: ApiObject, reading: Reading): readonly ReportItem[] {
  const { name, namespace } = nameOf(pod);
  const said = Number(annotationOf(pod, 'prometheus.io/port'));
  const port = Number.isInteger(said) && said > 0 && said < 65_536 ? said : 15_014;
  const pages = [
    'version',
    'metrics',
    'debug/syncz',
    'debug/push_status',
    'debug/endpointz',
    'debug/registryz',
  ];
  return pages.map((page) => ({
    path: `control-plane/${name}/${page.replace('debug/', '')}.txt`,
    read: () => readPage(controlPlanePage({ namespace, pod: name, port }), `/${page}`, reading),
  }));
}

export function proxyItems(pod: ApiObject, reading: Reading): readonly ReportItem[] {
  const { name, namespace } = nameOf(pod);
  const place = proxyPage({ namespace, pod: name, port: reading.flags['proxy-admin-port'] });
  const pages: readonly (readonly [string, string])[] = [
    ['config_dump.json', '/config_dump?include_eds=true'],
    ['clusters.txt', '/clusters'],
    ['listeners.txt', '/listeners'],
    ['stats.txt', '/stats'],
    ['server_info.json', '/server_info'],
    ['memory.json', '/memory'],
  ];
  return pages.map(([file, page]) => ({
    path: `pods/${namespace}/${name}/${file}`,
    read: () => readPage(place, page, reading),
  }));
}

async function readPage(
  place: PagePlace,
  path: string,
  { cluster, redactor, signal }: Reading,
): Promise<{ readonly text: string }> {
  const { namespace, pod, port } = place;
  const answer = await within(signal, `port ${port}`, (limited) =>
    pageOf(cluster.client, place, { path, signal: limited, maxBytes: MAX_PAGE }),
  ).catch((error: unknown) => {
    throw explained(error, cluster.client, `Pod ${namespace}/${pod}`);
  });
  if (answer.status !== 200)
    throw new MeshError('Refused', `port ${port} answers ${answer.status} to ${path}`);
  const text = answer.body.toString('utf8');
  try {
    return { text: `${JSON.stringify(redactor.value(JSON.parse(text)), undefined, 1)}\n` };
  } catch {
    return { text: redactor.text(text) };
  }
}

/** What only the container of a proxy can tell: what is redirected to it, its connections, what the network lost. */
const INSIDE: readonly {
  readonly file: string;
  readonly argv: readonly string[];
  readonly shown?: (text: string) => string;
}[] = [
  { file: 'iptables.txt', argv: ['iptables-save'] },
  { file: 'ip6tables.txt', argv: ['ip6tables-save'] },
  { file: 'sockets.txt', argv: ['cat', '/proc/net/tcp', '/proc/net/tcp6'], shown: socketTable },
  { file: 'network.txt', argv: ['cat', '/proc/net/sockstat', '/proc/net/snmp', '/proc/net/netstat'] },
];

export function insideItems(pod: ApiObject, reading: Reading): readonly ReportItem[] {
  const { name, namespace } = nameOf(pod);
  return INSIDE.map(({ file, argv, shown = (text) => text }) => ({
    path: `pods/${namespace}/${name}/${file}`,
    read: async () => ({ text: reading.redactor.text(shown(await printed(namespace, name, argv, reading))) }),
  }));
}

/** What a command prints in the container of the proxy. Throws a `MeshError` when that is nothing. */
async function printed(
  namespace: string,
  pod: string,
  argv: readonly string[],
  { cluster, signal }: Reading,
): Promise<string> {
  const command = { namespace, pod, container: 'istio-proxy', argv };
  const { exitCode, stdout, stderr } = await within(signal, argv[0] ?? '', (limited) =>
    execInPod(cluster.client, command, { signal: limited, maxBytes: MAX_LOG }),
  ).catch((error: unknown) => {
    throw explained(error, cluster.client, `Pod ${namespace}/${pod}`);
  });
  // Some of several files may be missing: what the others hold counts.
  if (exitCode === 0 || stdout.length > 0) return stdout.toString('utf8');
  const words = stderr.trim().slice(0, 300) || 'it prints nothing';
  throw new MeshError('Refused', `"${argv.join(' ')}" ends with ${exitCode} in the container: ${words}`);
}

/** Bounds one thing that is asked of a pod. Throws a `MeshError` when the time for it is over. */
async function within<Result>(
  signal: AbortSignal,
  what: string,
  ask: (limited: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(PAGE_WITHIN)]);
  try {
    return await ask(limited);
  } catch (error) {
    if (!limited.aborted || signal.aborted) throw error;
    throw new MeshError('Timeout', `${what} does not answer in time`, { cause: error });
  }
}

export function containersOf(pod: ApiObject): readonly string[] {
  const spec = pod['spec'] as { containers?: unknown; initContainers?: unknown } | undefined;
  return [spec?.containers, spec?.initContainers].flatMap((list) =>
    (Array.isArray(list) ? list : []).map((container: { name?: unknown }) => String(container.name ?? '')),
  );
}

/** The Deployment is the owner's name without the hash of its template. */
export function factsOf(pod: ApiObject): PodFacts {
  const metadata = (pod['metadata'] ?? {}) as {
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: readonly { kind?: string; name?: string }[];
  };
  const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'ReplicaSet');
  return {
    ...nameOf(pod),
    deployment: (owner?.name ?? '').replace(/-[a-z0-9]+$/, ''),
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
  };
}
