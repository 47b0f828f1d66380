/** Takes an installation away: lists first, deletes, waits, and names what stays. */

import { ownedSelector, TAG_LABEL } from '../../install/owned.ts';
import { type Resource, resourceName } from '../../install/resource.ts';
import type { KubeClient } from '../../kube/client.ts';
import { explained } from '../../kube/explain.ts';
import { followUntil } from '../../kube/follow.ts';
import type { Cluster } from '../cluster.ts';
import { timeoutSignal } from '../cluster.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { count } from '../summary.ts';
import { removeAll } from './apply-plan.ts';
import { confirmed } from './confirm.ts';
import { awayNotice } from './install.ts';
import { ownedObjects } from './plan.ts';
import { attachedProxies, writeRemains } from './remains.ts';

export interface UninstallChoice {
  /** The value of `istio.io/rev`; undefined for all of them. */
  readonly revisionLabel: string | undefined;
  readonly istioNamespace: string;
  readonly dryRun: boolean;
  readonly output: 'text' | 'json' | 'yaml';
  readonly skipConfirmation: boolean;
  readonly timeout: string;
}

const LISTED_PROXIES = 30;

/** Returns the exit code. Interrupted at any moment it can be run again, and goes on with what is left. */
export async function uninstall(
  { client, name }: Cluster,
  choice: UninstallChoice,
  context: Context,
): Promise<number> {
  const away = awayNotice(context);
  const { signal } = new AbortController();
  const { istioNamespace } = choice;
  const selector = ownedSelector(choice.revisionLabel);
  // A server that does not answer at all is told of at once; only one that goes away is waited for.
  const objects = await ownedObjects(client, selector, { signal });
  if (choice.output !== 'text') {
    await writeObjects(objects, choice.output, context);
    if (choice.dryRun) return EXIT.ok;
  }
  if (objects.length === 0) {
    context.stderr.write(`Nothing to remove: ${await nothingText(client, choice, signal)}\n`);
    await writeRemains(client, { istioNamespace, leaving: objects }, context, signal);
    return EXIT.ok;
  }
  if (choice.output === 'text') {
    for (const object of objects) context.stdout.write(`- ${resourceName(object)}\n`);
  }
  await warn(client, objects, choice, context, signal);
  if (choice.dryRun) {
    await writeRemains(client, { istioNamespace, leaving: objects }, context, signal);
    return EXIT.ok;
  }
  const question = `This will delete these ${objects.length} objects from the cluster ${name}. Proceed?`;
  if (!choice.skipConfirmation && !(await confirmed(question, context))) return EXIT.failed;
  await removeAll(client, objects, { signal, away }, (object) =>
    context.stderr.write(
      `  Removed ${[object.kind, object.metadata.namespace ?? '', object.metadata.name].join(':')}.\n`,
    ),
  );
  await awaitPodsGone(client, objects, selector, choice.timeout, context);
  context.stderr.write('✔ Uninstall complete\n');
  await writeRemains(client, { istioNamespace, leaving: objects }, context, signal);
  return EXIT.ok;
}

/** What `kubectl delete -f -` takes. */
async function writeObjects(
  objects: readonly Resource[],
  output: 'json' | 'yaml',
  { stdout }: Context,
): Promise<void> {
  const items = objects.map(({ apiVersion, kind, metadata: { name, namespace } }) => ({
    apiVersion,
    kind,
    metadata: namespace === undefined ? { name } : { name, namespace },
  }));
  const list = { apiVersion: 'v1', kind: 'List', items };
  if (output === 'json') {
    stdout.write(`${JSON.stringify(list, undefined, 2)}\n`);
    return;
  }
  const { toYaml } = await import('../output/yaml.ts');
  stdout.write(toYaml(list));
}

async function nothingText(
  client: KubeClient,
  { revisionLabel }: UninstallChoice,
  signal: AbortSignal,
): Promise<string> {
  if (revisionLabel === undefined) return 'no control plane of mesh is installed in this cluster.';
  const others = await ownedObjects(client, ownedSelector(), { signal });
  const revisions = new Set(others.map(({ metadata }) => metadata.labels?.['istio.io/rev'] ?? 'default'));
  const known = revisions.size === 0 ? 'nor any other' : `there are ${[...revisions].toSorted().join(', ')}`;
  return `there is no control plane of the revision ${revisionLabel}; ${known}.`;
}

async function warn(
  client: KubeClient,
  objects: readonly Resource[],
  { revisionLabel }: UninstallChoice,
  { stderr }: Context,
  signal: AbortSignal,
): Promise<void> {
  const tags = new Set(objects.flatMap(({ metadata }) => metadata.labels?.[TAG_LABEL] ?? []));
  for (const tag of tags)
    stderr.write(
      `Warning: the tag ${tag} leads to it and goes, too; lead it elsewhere with "mesh tag set".\n`,
    );
  const proxies = await attachedProxies(client, revisionLabel, signal);
  if (proxies.length > 0) {
    const shown = proxies.slice(0, LISTED_PROXIES).join(', ');
    const more = proxies.length > LISTED_PROXIES ? `, and ${proxies.length - LISTED_PROXIES} more` : '';
    stderr.write(
      `Warning: ${count(proxies.length, 'pod')} with a sidecar of it will get no configuration any more: ${shown}${more}.\n`,
    );
  }
  const gateways = objects.filter(
    ({ kind, metadata }) =>
      kind === 'Deployment' && (metadata.labels?.['operator.istio.io/component'] ?? '').endsWith('Gateways'),
  );
  for (const gateway of gateways) stderr.write(`Warning: the gateway ${resourceName(gateway)} goes.\n`);
}

/** Deployments are gone at once, their pods a moment later. */
async function awaitPodsGone(
  client: KubeClient,
  objects: readonly Resource[],
  labels: string,
  timeout: string,
  { stderr }: Context,
): Promise<void> {
  const namespaces = new Set(
    objects.flatMap(({ kind, metadata }) => (kind === 'Deployment' ? (metadata.namespace ?? []) : [])),
  );
  const signal = timeoutSignal(timeout);
  for (const namespace of namespaces) {
    try {
      await followUntil(
        client,
        [{ type: { apiVersion: 'v1', kind: 'Pod' }, namespace, labels }],
        ([pods = []]) => (pods.length === 0 ? true : undefined),
        { signal },
      );
    } catch (error) {
      if (!signal.aborted) throw explained(error, client);
      stderr.write(`Note: pods in ${namespace} still end; "kubectl -n ${namespace} get pods" shows them.\n`);
    }
  }
}
