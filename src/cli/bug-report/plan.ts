/** What a report consists of: a list of things to read, made of one look at the cluster. */

import { KINDS } from '../../api/kinds.ts';
import type { KindInfo } from '../../api/kind-info.ts';
import { parseDurationMs } from '../../base/duration.ts';
import { discover, type ServedKind } from '../../kube/discovery.ts';
import { explained } from '../../kube/explain.ts';
import { listObjects } from '../../kube/list.ts';
import { askPod } from '../../kube/pod-http.ts';
import { annotationOf, nameOf, phaseOf } from '../../kube/pods.ts';
import type { ApiObject } from '../../kube/reflector.ts';
import type { Cluster } from '../cluster.ts';
import type { BugReportInvocation } from '../commands/bug-report.ts';
import { MeshError } from '../../base/mesh-error.ts';
import type { Redactor } from './redactor.ts';
import type { ReportFolder } from './report-folder.ts';
import type { PodFacts, Selection } from './selection.ts';

export interface Reading {
  readonly cluster: Cluster;
  readonly selection: Selection;
  readonly redactor: Redactor;
  readonly signal: AbortSignal;
  readonly istioNamespace: string;
  readonly flags: BugReportInvocation['flags'];
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface ReportItem {
  /** In the archive. */
  readonly path: string;
  read(): Promise<{ readonly text: string; readonly isCut?: boolean }>;
}

/** Kinds of Kubernetes that say something of the mesh, besides all of the mesh's own. */
const KUBERNETES_KINDS = new Set([
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'apps/DaemonSet',
  'apps/Deployment',
  'apps/StatefulSet',
  'core/ConfigMap',
  'core/Endpoints',
  'core/Namespace',
  'core/Pod',
  'core/Service',
  'discovery.k8s.io/EndpointSlice',
]);

/** Containers whose logs are wanted without being named. */
const OWN_CONTAINERS = new Set(['istio-proxy', 'discovery', 'istio-init', 'ztunnel']);

/** Bytes of one log. */
const MAX_LOG = 2 * 1024 * 1024;
const MAX_PAGE = 64 * 1024 * 1024;

/** Reads the pods and Secrets, so that what they hold is known before anything is written. */
export async function planReport(reading: Reading, folder: ReportFolder): Promise<readonly ReportItem[]> {
  const { selection, signal, flags } = reading;
  const kinds = await servedKinds(reading);
  await learnSecrets(reading, folder);
  const pods = (await podsOf(reading, folder)).filter((pod) => selection.wantsPod(factsOf(pod)));
  for (const pod of pods) reading.redactor.learnEnvironment(pod['spec']);
  const items: ReportItem[] = [versionItem(reading)];
  if (!flags['skip-cluster-dump']) {
    for (const kind of kinds) items.push(...kindItems(kind, reading));
    for (const namespace of selection.namespaces ?? [undefined]) items.push(eventItem(namespace, reading));
  }
  const proxies: ApiObject[] = [];
  for (const pod of pods) {
    items.push(...logItems(pod, reading));
    if (isControlPlane(pod, reading)) items.push(...pageItems(pod, reading));
    else if (containersOf(pod).includes('istio-proxy') && phaseOf(pod) === 'Running') proxies.push(pod);
  }
  if (!flags['skip-proxy-debug']) {
    for (const pod of proxies.slice(0, flags['max-proxies'])) items.push(...proxyItems(pod, reading));
    const left = proxies.length - flags['max-proxies'];
    if (left > 0)
      folder.lacks(`${left} proxies`, 'there are more than --max-proxies; choose some with --include');
  }
  signal.throwIfAborted();
  return items;
}

async function servedKinds({ cluster, signal }: Reading): Promise<readonly ServedKind[]> {
  const wanted = KINDS.filter((info) =>
    info.external ? KUBERNETES_KINDS.has(info.key) : info.scope !== 'File',
  );
  try {
    const served = await discover(
      cluster.client,
      wanted.map((info) => ({ info })),
      signal,
    );
    return [...served.values()];
  } catch (error) {
    throw explained(error, cluster.client);
  }
}

/** The list at a path in each chosen namespace, or in all. */
async function listIn(
  path: (namespace: string | undefined) => string,
  reading: Reading,
): Promise<readonly ApiObject[]> {
  const { cluster, selection, signal } = reading;
  const found: ApiObject[] = [];
  for (const namespace of selection.namespaces ?? [undefined]) {
    const list = await listObjects(cluster.client, path(namespace), { signal }).catch((error: unknown) => {
      throw explained(error, cluster.client);
    });
    found.push(...list.filter((object) => selection.wantsNamespace(nameOf(object).namespace)));
  }
  return found;
}

function corePath(plural: string): (namespace: string | undefined) => string {
  return (namespace) =>
    `/api/v1${namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`}/${plural}`;
}

/** Whoever may not read Secrets can still write a report; then only what looks like a secret is taken out of texts. */
async function learnSecrets(reading: Reading, folder: ReportFolder): Promise<void> {
  try {
    for (const secret of await listIn(corePath('secrets'), reading)) {
      if (reading.redactor.learnSecret(secret)) continue;
      folder.lacks('some values of Secrets', 'there are too many to look for: texts may hold them');
      return;
    }
  } catch (error) {
    if (!(error instanceof MeshError) || reading.signal.aborted) throw error;
    folder.lacks(
      'values of Secrets, to look for them in texts',
      `${error.message}; only what looks like a secret is taken out of logs. ${error.hint ?? ''}`.trim(),
    );
  }
}

async function podsOf(reading: Reading, folder: ReportFolder): Promise<readonly ApiObject[]> {
  try {
    return await listIn(corePath('pods'), reading);
  } catch (error) {
    if (!(error instanceof MeshError) || reading.signal.aborted) throw error;
    folder.lacks('logs and proxies', `${error.message}. ${error.hint ?? ''}`.trim());
    return [];
  }
}

function versionItem({ cluster, signal }: Reading): ReportItem {
  return {
    path: 'cluster/version.json',
    async read() {
      const version = await cluster.client.get('/version', { signal }).catch((error: unknown) => {
        throw explained(error, cluster.client);
      });
      return { text: `${JSON.stringify(version, undefined, 2)}\n` };
    },
  };
}

function kindItems({ info, path }: ServedKind, reading: Reading): readonly ReportItem[] {
  const { cluster, selection, redactor, signal } = reading;
  const isNamespaced = info.scope === 'Namespaced';
  const places = isNamespaced ? (selection.namespaces ?? [undefined]) : [undefined];
  return places.map((namespace): ReportItem => ({
    path: `objects/${fileOf(info)}${namespace === undefined ? '' : `.${namespace}`}.json`,
    async read() {
      const inside = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
      const place = path.replace(/\/([^/]+)$/, `${inside}/$1`);
      const list = await listObjects(cluster.client, place, { signal }).catch((error: unknown) => {
        throw explained(error, cluster.client);
      });
      const wanted = list.filter((object) => isWanted(object, info, selection));
      const shown = wanted.map((object) => redactor.object({ kind: info.kind, ...object }));
      return { text: `${JSON.stringify(shown, undefined, 1)}\n` };
    },
  }));
}

function isWanted(object: ApiObject, info: KindInfo, selection: Selection): boolean {
  const { name, namespace } = nameOf(object);
  if (info.key === 'core/Namespace') return selection.wantsNamespace(name);
  if (info.key === 'core/Pod') return selection.wantsPod(factsOf(object));
  return info.scope !== 'Namespaced' || selection.wantsNamespace(namespace);
}

function fileOf({ group, plural }: KindInfo): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function eventItem(namespace: string | undefined, reading: Reading): ReportItem {
  return {
    path: `objects/events${namespace === undefined ? '' : `.${namespace}`}.json`,
    async read() {
      const { cluster, selection, redactor, signal } = reading;
      const list = await listObjects(cluster.client, corePath('events')(namespace), { signal }).catch(
        (error: unknown) => {
          throw explained(error, cluster.client);
        },
      );
      const wanted = list.filter((event) => selection.wantsNamespace(nameOf(event).namespace));
      return {
        text: `${JSON.stringify(
          wanted.map((event) => redactor.object(event)),
          undefined,
          1,
        )}\n`,
      };
    },
  };
}

function logItems(pod: ApiObject, reading: Reading): readonly ReportItem[] {
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

function isControlPlane(pod: ApiObject, { istioNamespace }: Reading): boolean {
  return nameOf(pod).namespace === istioNamespace && factsOf(pod).labels['app'] === 'istiod';
}

function pageItems(pod: ApiObject, reading: Reading): readonly ReportItem[] {
  const { name } = nameOf(pod);
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
    read: () => readPage(pod, port, `/${page}`, reading),
  }));
}

function proxyItems(pod: ApiObject, reading: Reading): readonly ReportItem[] {
  const { name, namespace } = nameOf(pod);
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
    read: () => readPage(pod, reading.flags['proxy-admin-port'], page, reading),
  }));
}

async function readPage(
  pod: ApiObject,
  port: number,
  path: string,
  { cluster, redactor, signal }: Reading,
): Promise<{ readonly text: string }> {
  const { name, namespace } = nameOf(pod);
  const limited = AbortSignal.any([signal, AbortSignal.timeout(PAGE_WITHIN)]);
  const answer = await askPod(
    cluster.client,
    { namespace, pod: name, port },
    { path, signal: limited, maxBytes: MAX_PAGE },
  ).catch((error: unknown) => {
    if (limited.aborted && !signal.aborted)
      throw new MeshError('Timeout', `port ${port} does not answer in time`);
    throw explained(error, cluster.client, `Pod ${namespace}/${name}`);
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

/** Milliseconds for one page of one pod. */
const PAGE_WITHIN = 20_000;

function containersOf(pod: ApiObject): readonly string[] {
  const spec = pod['spec'] as { containers?: unknown; initContainers?: unknown } | undefined;
  return [spec?.containers, spec?.initContainers].flatMap((list) =>
    (Array.isArray(list) ? list : []).map((container: { name?: unknown }) => String(container.name ?? '')),
  );
}

/** The Deployment is the owner's name without the hash of its template. */
function factsOf(pod: ApiObject): PodFacts {
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
