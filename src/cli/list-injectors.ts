/** What `mesh experimental injector list` and `check-inject` do. */

import { MeshError } from '../base/mesh-error.ts';
import { TAG_LABEL } from '../install/owned.ts';
import { findObject } from '../kube/apply.ts';
import { explained } from '../kube/explain.ts';
import { listObjects } from '../kube/list.ts';
import { findPod } from '../kube/pods.ts';
import type { ApiObject } from '../kube/reflector.ts';
import { listPath } from '../kube/resource-path.ts';
import { type ClusterFlags, openCluster, timeoutSignal } from './cluster.ts';
import type { Context } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { injectorOf, type Labels, revisionOf, verdicts } from './injectors.ts';
import { injectors } from './lifecycle/tags.ts';
import { formatTable } from './output/table.ts';

type Output = 'table' | 'json' | 'yaml';

const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' };
const POD = { apiVersion: 'v1', kind: 'Pod' };
const SYSTEM = ['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage'];

/** Returns the exit code. Throws a `MeshError`. */
export async function listInjectors(
  flags: ClusterFlags & {
    readonly output: Output;
    readonly timeout: string;
    readonly istioNamespace: string;
  },
  isOne: boolean,
  context: Context,
): Promise<number> {
  const { client } = await openCluster(flags, context);
  const signal = timeoutSignal(flags.timeout);
  const webhooks = await injectors(client, signal);
  let lists: readonly [readonly ApiObject[], readonly ApiObject[]];
  try {
    lists = await Promise.all([
      listObjects(client, listPath(NAMESPACE), { signal, metadataOnly: true }),
      listObjects(client, listPath(POD, isOne ? flags.namespace : undefined), { signal, metadataOnly: true }),
    ]);
  } catch (error) {
    throw explained(error, client);
  }
  const [namespaces, pods] = lists;
  const rows = namespaces
    .filter((one) => (isOne ? nameOf(one) === flags.namespace : !SYSTEM.includes(nameOf(one))))
    .flatMap((one) => {
      const injector = injectorOf(webhooks, labelsOf(one));
      const own = pods.filter((pod) => namespaceOf(pod) === nameOf(one));
      const revisions = Map.groupBy(own, (pod) => labelsOf(pod)['istio.io/rev'] ?? '<non-Istio>');
      const isMeshed = [...revisions.keys()].some((revision) => revision !== '<non-Istio>');
      if (injector === undefined && !isMeshed) return [];
      const counts = Object.fromEntries([...revisions].map(([revision, list]) => [revision, list.length]));
      return [
        {
          namespace: nameOf(one),
          revision: injector === undefined ? '' : revisionOf(injector),
          pods: counts,
        },
      ];
    });
  const hooks = webhooks.map((one) => ({
    webhook: one.metadata.name,
    revision: revisionOf(one),
    tag: one.metadata.labels?.[TAG_LABEL] ?? '',
    namespaces: namespaces.filter((each) => injectorOf([one], labelsOf(each)) !== undefined).map(nameOf),
  }));
  if (flags.output !== 'table') {
    await writeData({ namespaces: rows, injectors: hooks }, flags.output, context);
    return EXIT.ok;
  }
  if (hooks.length === 0) {
    context.stderr.write('No Istio injection hooks present.\n');
    return EXIT.ok;
  }
  context.stdout.write(
    `${formatTable(
      ['NAMESPACE', 'ISTIO-REVISION', 'POD-REVISIONS'],
      rows.map(({ namespace, revision, pods: counts }) => [
        namespace,
        revision === '' ? '<none>' : revision,
        Object.entries(counts)
          .map(([name, count]) => `${name}: ${count}`)
          .join(', ') || '<no pods>',
      ]),
    )}\n${formatTable(
      ['NAMESPACES', 'INJECTOR-HOOK', 'ISTIO-REVISION'],
      hooks.map(({ namespaces: own, webhook, revision }) => [
        own.length === 0 ? 'DOES NOT AUTOINJECT' : own.join(','),
        webhook,
        revision,
      ]),
    )}`,
  );
  return EXIT.ok;
}

/** Says of a pod, by name or by the labels that one would have, who injects it and why. Returns the exit code. */
export async function checkInject(
  pod: string | undefined,
  flags: ClusterFlags & {
    readonly labels: string | undefined;
    readonly output: Output;
    readonly timeout: string;
  },
  context: Context,
): Promise<number> {
  const { client, namespace: usual } = await openCluster(flags, context);
  const signal = timeoutSignal(flags.timeout);
  const named = pod === undefined ? undefined : await findPod(client, pod, usual, signal);
  const { name, namespace } = named ?? { name: undefined, namespace: usual };
  const webhooks = await injectors(client, signal);
  let podLabels: Labels = parseLabels(flags.labels ?? '');
  let namespaceLabels: Labels = {};
  try {
    const place = await findObject(client, NAMESPACE, { name: namespace }, signal);
    if (place === undefined) throw notFound(`namespace ${namespace}`);
    namespaceLabels = labelsOf(place);
    if (name !== undefined) {
      const live = await findObject(client, POD, { name, namespace }, signal);
      if (live === undefined) throw notFound(`pod ${name} in the namespace ${namespace}`);
      podLabels = labelsOf(live);
    }
  } catch (error) {
    throw explained(error, client);
  }
  const found = verdicts(webhooks, namespaceLabels, podLabels);
  if (flags.output !== 'table') await writeData(found, flags.output, context);
  else if (found.length > 0) {
    const rows = found.map(({ webhook, revision, isInjecting, reason }) => [
      webhook,
      revision,
      isInjecting ? '✔' : '✘',
      reason,
    ]);
    context.stdout.write(formatTable(['WEBHOOK', 'REVISION', 'INJECTED', 'REASON'], rows));
  }
  const injecting = found.filter(({ isInjecting }) => isInjecting);
  if (found.length === 0) context.stderr.write('ERROR: no Istio injection hooks present.\n');
  if (injecting.length > 1) {
    const names = injecting.map(({ webhook }) => webhook).join(', ');
    context.stderr.write(`ERROR: multiple webhooks will inject, which leads to a broken pod: ${names}\n`);
  }
  return EXIT.ok;
}

function parseLabels(text: string): Labels {
  const pairs = text.split(',').filter((one) => one !== '');
  const bad = pairs.find((one) => !/^[^=]+=[^=]*$/.test(one));
  if (bad !== undefined) {
    throw new MeshError('BadFlagValue', `--labels has "${bad}", which is no label`, {
      hint: 'Write --labels app=web,version=v1.',
    });
  }
  return Object.fromEntries(pairs.map((one) => one.split('=', 2) as [string, string]));
}

function notFound(what: string): MeshError {
  return new MeshError('NotFound', `there is no ${what}`, { hint: 'Name another namespace with -n.' });
}

async function writeData(value: unknown, output: 'json' | 'yaml', { stdout }: Context): Promise<void> {
  if (output === 'json') stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  else stdout.write((await import('./output/yaml.ts')).toYaml(value));
}

function nameOf({ metadata }: ApiObject): string {
  return String((metadata as { readonly name?: unknown }).name);
}

function namespaceOf({ metadata }: ApiObject): string {
  return String((metadata as { readonly namespace?: unknown }).namespace);
}

function labelsOf({ metadata }: ApiObject): Labels {
  return (metadata as { readonly labels?: Labels }).labels ?? {};
}
