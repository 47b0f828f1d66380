/** What an uninstallation leaves, and the commands that take it away: it may hold what users have made. */

import { DEFINITION_SELECTOR, ownedSelector } from '../../install/owned.ts';
import { type Resource, resourceName } from '../../install/resource.ts';
import type { KubeClient } from '../../kube/client.ts';
import { ApiFailure } from '../../kube/failure.ts';
import { deniedRight, ruleText } from '../../kube/denied.ts';
import { listObjects, type ListOptions } from '../../kube/list.ts';
import type { ApiObject } from '../../kube/reflector.ts';
import { listPath, type TypeName } from '../../kube/resource-path.ts';
import type { Context } from '../context.ts';
import { count } from '../summary.ts';
import { ownedObjects } from './plan.ts';

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const DEFINITION = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' };
const POD = { apiVersion: 'v1', kind: 'Pod' };
const SECRET = { apiVersion: 'v1', kind: 'Secret' };

/** The root certificate that a control plane puts into every namespace. */
const ROOT_CERTIFICATE = 'istio-ca-root-cert';

/**
 * Tells on standard error what there still is, or will be once `leaving` has gone. Never throws: it is only a
 * courtesy.
 */
export async function writeRemains(
  client: KubeClient,
  { istioNamespace, leaving }: { readonly istioNamespace: string; readonly leaving: readonly Resource[] },
  { stderr }: Pick<Context, 'stderr'>,
  signal: AbortSignal,
): Promise<void> {
  const list = (type: TypeName, options: Partial<ListOptions>, namespace?: string) =>
    remaining(client, listPath(type, namespace), { signal, metadataOnly: true, ...options }, stderr);
  const gone = new Set(leaving.map(resourceName));
  const owned = await ownedObjects(client, ownedSelector(), { signal }).catch(() => []);
  const others = owned.filter((object) => !gone.has(resourceName(object)));
  const revisions = new Set(others.map(({ metadata }) => metadata.labels?.['istio.io/rev'] ?? 'default'));
  if (revisions.size > 0) {
    stderr.write(
      `Other control planes stay, with all that they share: ${[...revisions].toSorted().join(', ')}.\n`,
    );
    return;
  }
  const [definitions, certificates, namespaces, secrets, labelled] = await Promise.all([
    list(DEFINITION, { labels: DEFINITION_SELECTOR }),
    list(CONFIG_MAP, { fields: `metadata.name=${ROOT_CERTIFICATE}` }),
    list(NAMESPACE, { fields: `metadata.name=${istioNamespace}` }),
    list(SECRET, {}, istioNamespace),
    list(NAMESPACE, {}),
  ]);
  const lines: string[] = [];
  const stays = (what: string, command: string): void => void lines.push(`  ${what}:\n    ${command}\n`);
  if (definitions.length > 0) {
    stays(
      `${count(definitions.length, 'definition')} of kinds, and with them all objects of the mesh that users have made`,
      `kubectl delete crd -l ${DEFINITION_SELECTOR}`,
    );
  }
  if (certificates.length > 0) {
    stays(
      `${count(certificates.length, 'ConfigMap')} ${ROOT_CERTIFICATE}, one in each namespace`,
      `kubectl get configmaps -A -o name --field-selector metadata.name=${ROOT_CERTIFICATE}   # and delete them`,
    );
  }
  if (namespaces.length > 0) {
    const keys =
      secrets.length === 0 ? '' : `, with ${count(secrets.length, 'Secret')} such as the key of the CA`;
    stays(`the namespace ${istioNamespace}${keys}`, `kubectl delete namespace ${istioNamespace}`);
  }
  const injected = labelled.filter(isInjected).map(nameOf);
  if (injected.length > 0) {
    stays(
      `labels of injection on ${injected.slice(0, 10).join(', ')}${injected.length > 10 ? ', …' : ''}`,
      'kubectl label namespace NAME istio-injection- istio.io/rev-',
    );
  }
  if (lines.length > 0) stderr.write(`These stay, with the command that takes each away:\n${lines.join('')}`);
}

function isInjected({ metadata }: ApiObject): boolean {
  const labels =
    (metadata as { readonly labels?: Readonly<Record<string, string>> } | undefined)?.labels ?? {};
  return labels['istio-injection'] === 'enabled' || labels['istio.io/rev'] !== undefined;
}

async function remaining(
  client: KubeClient,
  path: string,
  options: ListOptions,
  stderr: Context['stderr'],
): Promise<readonly ApiObject[]> {
  try {
    return await listObjects(client, path, options);
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    const right = deniedRight(error);
    const hint = right === undefined ? error.message : `${ruleText(right)} would tell`;
    stderr.write(`Note: it is not known what of ${path} stays; ${hint}.\n`);
    return [];
  }
}

/** Pods with a sidecar of a revision (of all when undefined), as `name.namespace`. What may not be read counts as none. */
export async function attachedProxies(
  client: KubeClient,
  revisionLabel: string | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const labels = `security.istio.io/tlsMode${revisionLabel === undefined ? '' : `,istio.io/rev=${revisionLabel}`}`;
  try {
    const pods = await listObjects(client, listPath(POD), { signal, labels, metadataOnly: true });
    return pods.map((pod) => `${nameOf(pod)}.${namespaceOf(pod)}`).toSorted();
  } catch (error) {
    if (error instanceof ApiFailure) return [];
    throw error;
  }
}

export function nameOf({ metadata }: ApiObject): string {
  return String((metadata as { readonly name?: unknown } | undefined)?.name);
}

function namespaceOf({ metadata }: ApiObject): string {
  return String((metadata as { readonly namespace?: unknown } | undefined)?.namespace);
}
