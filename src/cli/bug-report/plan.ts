/** What a report consists of: a list of things to read, made of one look at the cluster. */

import { KINDS } from '../../api/kinds.ts';
import type { KindInfo } from '../../api/kind-info.ts';
import { discover, type ServedKind } from '../../kube/discovery.ts';
import { explained } from '../../kube/explain.ts';
import { listObjects } from '../../kube/list.ts';
import { nameOf, phaseOf } from '../../kube/pods.ts';
import type { ApiObject } from '../../kube/reflector.ts';
import { MeshError } from '../../base/mesh-error.ts';
import {
  containersOf,
  factsOf,
  insideItems,
  isControlPlane,
  logItems,
  pageItems,
  proxyItems,
} from './pod-items.ts';
import type { Reading, ReportItem } from './reading.ts';
import type { ReportFolder } from './report-folder.ts';
import type { Selection } from './selection.ts';

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
  for (const pod of proxies.slice(0, flags['max-proxies'])) {
    if (!flags['skip-proxy-debug']) items.push(...proxyItems(pod, reading));
    if (!flags['skip-netstat']) items.push(...insideItems(pod, reading));
  }
  const left = proxies.length - flags['max-proxies'];
  if (left > 0)
    folder.lacks(`${left} proxies`, 'there are more than --max-proxies; choose some with --include');
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
