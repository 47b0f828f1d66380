/** Compares an installation with what its settings stand for. */

import { resourceName } from '../../install/resource.ts';
import { installationOf } from '../../install/installation.ts';
import { explained } from '../../kube/explain.ts';
import { listObjects } from '../../kube/list.ts';
import { persisting } from '../../kube/patience.ts';
import type { ApiObject } from '../../kube/reflector.ts';
import { listPath } from '../../kube/resource-path.ts';
import type { Cluster } from '../cluster.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { followedFor } from './apply-plan.ts';
import type { Wanted } from './install.ts';
import { identity, planInstallation } from './plan.ts';
import { DEFINITION, DEPLOYMENT, missingOf, POD, troubleText } from './readiness.ts';

interface Checked {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly state: 'ok' | 'missing' | 'changed' | 'notReady';
  readonly message?: string;
}

/** As differences name it. */
const REVISION_LABEL = 'metadata.labels["istio.io/rev"]';

/** Prints what is as it should be and what is not. Returns the exit code. Throws a `MeshError` when the cluster cannot be asked. */
export async function verify(
  { client }: Cluster,
  { spec, resources, version }: Wanted,
  output: 'log' | 'json' | 'yaml',
  context: Context,
): Promise<number> {
  const { signal } = new AbortController();
  const { revisionLabel } = installationOf(spec, version);
  const plan = await planInstallation(client, resources, { signal, revisionLabel, isReading: true });
  const followed = followedFor(resources, revisionLabel);
  const lists = await Promise.all(
    followed.map(async ({ type, namespace, labels }) => {
      const list = () =>
        listObjects(client, listPath(type, namespace), {
          signal,
          ...(labels === undefined ? {} : { labels }),
        });
      try {
        return await persisting(list, { signal });
      } catch (error) {
        throw explained(error, client);
      }
    }),
  );
  const of = (type: unknown): readonly ApiObject[] =>
    lists.flatMap((list, index) => (followed[index]?.type === type ? list : []));
  const missing = missingOf(resources, {
    definitions: of(DEFINITION),
    deployments: of(DEPLOYMENT),
    pods: of(POD),
  });
  const checked = resources.map((resource): Checked => {
    const { kind, metadata } = resource;
    const base = {
      kind,
      name: metadata.name,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    };
    const difference = plan.differences.find(
      (one) => identity({ ...one, metadata: { ...one } }) === identity(resource),
    );
    if (difference?.change === 'added') return { ...base, state: 'missing', message: 'is not there' };
    const owner = difference?.fields?.find(({ path }) => path === REVISION_LABEL)?.old;
    // Gateways and their like are shared: the newest control plane has taken them over, and answers for them.
    if (typeof owner === 'string')
      return { ...base, state: 'ok', message: `belongs to the control plane ${owner}` };
    if (difference?.change === 'changed') {
      const fields = (difference.fields ?? []).map(({ path }) => path).join(', ');
      return { ...base, state: 'changed', message: `is not as installed: ${fields}` };
    }
    const open = missing.find(({ name }) => name === resourceName(resource));
    if (open === undefined) return { ...base, state: 'ok' };
    return { ...base, state: 'notReady', message: troubleText(open.text, open.trouble) };
  });
  await report(checked, output, context);
  return checked.every(({ state }) => state === 'ok') ? EXIT.ok : EXIT.failed;
}

async function report(
  checked: readonly Checked[],
  output: 'log' | 'json' | 'yaml',
  { stdout, stderr }: Context,
): Promise<void> {
  const bad = checked.filter(({ state }) => state !== 'ok');
  if (output === 'json') {
    stdout.write(`${JSON.stringify({ verified: bad.length === 0, resources: checked }, undefined, 2)}\n`);
    return;
  }
  if (output === 'yaml') {
    const { toYaml } = await import('../output/yaml.ts');
    stdout.write(toYaml({ verified: bad.length === 0, resources: checked }));
    return;
  }
  const title = ({ kind, name, namespace }: Checked): string =>
    `${kind}: ${namespace === undefined ? name : `${name}.${namespace}`}`;
  for (const one of checked) {
    if (one.kind === 'CustomResourceDefinition' && one.state === 'ok') continue;
    if (one.state === 'ok') stdout.write(`✔ ${title(one)} ${one.message ?? 'checked successfully'}\n`);
    else stdout.write(`✘ ${title(one)}: ${one.message}\n`);
  }
  const count = (kind: string): number => checked.filter((one) => one.kind === kind).length;
  stdout.write(`Checked ${count('CustomResourceDefinition')} custom resource definitions\n`);
  stdout.write(`Checked ${count('Deployment')} Istio Deployments\n`);
  if (bad.length === 0) {
    stdout.write('✔ Istio is installed and verified successfully\n');
    return;
  }
  stderr.write(
    `Error: Istio installation failed: ${bad.length} of ${checked.length} objects are not as they should be\n` +
      '  Run "mesh install" with the same settings again, which mends them.\n',
  );
}
