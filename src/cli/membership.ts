/** Puts the sidecar into Deployments that run, and takes it out again. */

import { MeshError } from '../base/mesh-error.ts';
import type { Outcome, Rewritten } from '../inject/stream.ts';
import { isTree } from '../install/setting-path.ts';
import { FIELD_MANAGER, findObject } from '../kube/apply.ts';
import type { KubeClient } from '../kube/client.ts';
import { explained } from '../kube/explain.ts';
import { ApiFailure } from '../kube/failure.ts';
import { listObjects } from '../kube/list.ts';
import type { ApiObject } from '../kube/reflector.ts';
import { listPath, objectPath } from '../kube/resource-path.ts';
import type { Cluster } from './cluster.ts';
import type { Context } from './context.ts';
import { EXIT } from './exit-codes.ts';
import type { Member } from './membership-commands.ts';

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' };
const SERVICE = { apiVersion: 'v1', kind: 'Service' };

/** By which pods are told that they must, or must not, have a sidecar, whatever the namespace says. */
const INJECT = 'sidecar.istio.io/inject';

export interface MembershipChange {
  readonly what: Member;
  readonly name: string;
  readonly direction: 'add' | 'remove';
  readonly signal: AbortSignal;
  /** Rewrites the text of an object. */
  rewrite(text: string): Rewritten;
}

/** Changes the Deployments, which then replace their pods. Returns the exit code. Throws a `MeshError`. */
export async function changeMembership(
  { client, namespace }: Cluster,
  change: MembershipChange,
  { stdout, stderr }: Context,
): Promise<number> {
  const names = await deploymentsOf(client, namespace, change);
  for (const name of names) {
    const outcome = await changeOne(client, namespace, name, change);
    if (outcome === undefined) {
      const state = change.direction === 'add' ? 'has the sidecar already' : 'has no sidecar';
      stderr.write(`deployment ${name}.${namespace} ${state}, so it stays as it is\n`);
    } else {
      const done =
        change.direction === 'add' ? 'with Istio sidecar injected' : 'with Istio sidecar un-injected';
      stdout.write(`deployment ${name}.${namespace} updated successfully ${done}.\n`);
      stderr.write(
        `  Its pods are replaced now: kubectl -n ${namespace} rollout status deployment ${name}\n`,
      );
    }
  }
  return EXIT.ok;
}

/** Names of the Deployments that are meant. */
async function deploymentsOf(
  client: KubeClient,
  namespace: string,
  { what, name, signal }: MembershipChange,
): Promise<readonly string[]> {
  if (what === 'deployment') return [name];
  try {
    const service = await findObject(client, SERVICE, { name, namespace }, signal);
    if (service === undefined) throw notFound('Service', namespace, name);
    const { selector } = (service['spec'] ?? {}) as { readonly selector?: Readonly<Record<string, string>> };
    if (selector === undefined || Object.keys(selector).length === 0) {
      throw new MeshError('NoSelector', 'it selects no pods', {
        hint: 'What is behind it does not run in this cluster as pods of a Deployment.',
        where: { object: `Service ${namespace}/${name}` },
      });
    }
    const all = await listObjects(client, listPath(DEPLOYMENT, namespace), { signal });
    const found = all.filter((one) =>
      Object.entries(selector).every(([key, value]) => podLabelsOf(one)[key] === value),
    );
    if (found.length > 0) return found.map(nameOf);
    throw new MeshError('NotFound', 'there is no Deployment behind it', {
      hint: 'StatefulSets and others are changed with "kubectl get … -o yaml | mesh kube-inject -f - | kubectl apply -f -".',
      where: { object: `Service ${namespace}/${name}` },
    });
  } catch (error) {
    throw explained(error, client, `Service ${namespace}/${name}`);
  }
}

/** Attempts when somebody else changes the Deployment at the same time. */
const ATTEMPTS = 5;

/** What became of it; undefined when nothing had to change. */
async function changeOne(
  client: KubeClient,
  namespace: string,
  name: string,
  change: MembershipChange,
): Promise<Outcome['outcome'] | undefined> {
  const object = `Deployment ${namespace}/${name}`;
  const { signal } = change;
  for (let attempt = 1; ; attempt++) {
    try {
      const live = await findObject(client, DEPLOYMENT, { name, namespace }, signal);
      if (live === undefined) throw notFound('Deployment', namespace, name);
      const isInjectedByNamespace = await injects(client, namespace, signal);
      const before = withChoice(plain(live), change.direction === 'add' ? undefined : 'keep');
      const { text, resources } = change.rewrite(`${JSON.stringify(before)}\n`);
      const outcome = resources[0];
      if (outcome?.outcome === 'skipped' && change.direction === 'add') {
        throw new MeshError('NotInjected', `it cannot have a sidecar: ${outcome.reason ?? 'it is skipped'}`, {
          where: { object },
        });
      }
      const isChanged = outcome?.outcome !== 'unchanged' && outcome?.outcome !== 'skipped';
      const after = JSON.parse(text) as ApiObject;
      // Else the namespace would put it there again.
      const wanted =
        change.direction === 'remove' && isInjectedByNamespace ? withChoice(after, 'false') : after;
      if (!isChanged && JSON.stringify(wanted) === JSON.stringify(plain(live))) return undefined;
      const path = `${objectPath(DEPLOYMENT, name, namespace)}?fieldManager=${FIELD_MANAGER}`;
      await client.write('PUT', path, { signal, body: wanted });
      return outcome?.outcome ?? 'updated';
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 409 && attempt < ATTEMPTS) continue;
      throw explained(error, client, object);
    }
  }
}

/** Whether pods of the namespace get a sidecar from the webhook. What may not be read counts as not. */
async function injects(client: KubeClient, namespace: string, signal: AbortSignal): Promise<boolean> {
  try {
    const type = { apiVersion: 'v1', kind: 'Namespace' };
    const found = await findObject(client, type, { name: namespace }, signal);
    const { labels = {} } = (found?.['metadata'] ?? {}) as {
      readonly labels?: Readonly<Record<string, string>>;
    };
    return labels['istio-injection'] === 'enabled' || labels['istio.io/rev'] !== undefined;
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 403) return false;
    throw error;
  }
}

/** Without what only the server writes; its version stays, so that no change of somebody else is lost. */
function plain(live: ApiObject): ApiObject {
  const { status: _status, metadata, ...rest } = live;
  const { managedFields: _managed, ...meta } = metadata as Readonly<Record<string, unknown>>;
  return { ...DEPLOYMENT, ...rest, metadata: meta };
}

/** Sets, keeps or takes away what the pods say of injection themselves. */
function withChoice(deployment: ApiObject, choice: 'false' | 'keep' | undefined): ApiObject {
  if (choice === 'keep') return deployment;
  const spec = tree(deployment['spec']);
  const template = tree(spec['template']);
  const metadata = tree(template['metadata']);
  const without = (map: unknown): Readonly<Record<string, unknown>> =>
    Object.fromEntries(Object.entries(tree(map)).filter(([key]) => key !== INJECT));
  const labels = { ...without(metadata['labels']), ...(choice === undefined ? {} : { [INJECT]: choice }) };
  const annotations = without(metadata['annotations']);
  return {
    ...deployment,
    spec: {
      ...spec,
      template: {
        ...template,
        metadata: {
          ...metadata,
          labels,
          ...(metadata['annotations'] === undefined ? {} : { annotations }),
        },
      },
    },
  };
}

function podLabelsOf(deployment: ApiObject): Readonly<Record<string, unknown>> {
  return tree(tree(tree(tree(deployment['spec'])['template'])['metadata'])['labels']);
}

function tree(value: unknown): Readonly<Record<string, unknown>> {
  return isTree(value) ? value : {};
}

function nameOf({ metadata }: ApiObject): string {
  return String(tree(metadata)['name']);
}

function notFound(kind: string, namespace: string, name: string): MeshError {
  return new MeshError('NotFound', `there is no ${kind} ${name} in the namespace ${namespace}`, {
    hint: `See kubectl -n ${namespace} get ${kind.toLowerCase()}s, or name another namespace with -n.`,
  });
}
