/** Whether what has been applied runs, and what the cluster says of what does not. */

import { type Resource, resourceName } from '../../install/resource.ts';
import type { ApiObject } from '../../kube/reflector.ts';
import { deploymentTrouble, podTrouble, rolloutOf, type Trouble } from '../../kube/rollout.ts';
import { componentOf, type TITLES } from './components.ts';
import { identity } from './plan.ts';

export const DEFINITION = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
export const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' };
export const POD = { apiVersion: 'v1', kind: 'Pod' };

/** Something that is not as it should be once all runs. */
export interface Missing {
  readonly name: string;
  readonly component: keyof typeof TITLES;
  readonly text: string;
  readonly trouble: Trouble | undefined;
}

/** What is missing and, as far as the cluster tells, why. */
export function troubleText(text: string, trouble: Trouble | undefined): string {
  return trouble === undefined ? text : `${text}; ${trouble.reason}: ${trouble.message}`;
}

function unestablished(wanted: readonly Resource[], live: readonly ApiObject[]): readonly Missing[] {
  const established = new Set(live.filter(isEstablished).map((one) => nameOf(one)));
  const open = wanted.filter(({ metadata }) => !established.has(metadata.name));
  const [first] = open;
  if (first === undefined) return [];
  const more = open.length === 1 ? '' : ` and ${open.length - 1} more`;
  return [
    {
      name: resourceName(first),
      component: componentOf(first),
      text: `${first.metadata.name}${more} not established`,
      trouble: undefined,
    },
  ];
}

function isEstablished({ status }: ApiObject): boolean {
  const { conditions } = (status ?? {}) as { readonly conditions?: unknown };
  return (
    Array.isArray(conditions) &&
    conditions.some(
      (one: { readonly type?: unknown; readonly status?: unknown }) =>
        one.type === 'Established' && one.status === 'True',
    )
  );
}

function unready(
  wanted: readonly Resource[],
  live: readonly ApiObject[],
  pods: readonly ApiObject[],
): readonly Missing[] {
  const byName = new Map(live.map((one) => [identity({ ...(one as Resource), kind: 'Deployment' }), one]));
  return wanted.flatMap((resource) => {
    const deployment = byName.get(identity(resource));
    const [name, component] = [resourceName(resource), componentOf(resource)];
    if (deployment === undefined) return [{ name, component, text: 'is not there', trouble: undefined }];
    const rollout = rolloutOf(deployment);
    if (rollout.isDone) return [];
    const own = pods.filter((pod) => isPodOf(pod, resource));
    const trouble = deploymentTrouble(deployment) ?? firstTrouble(own);
    return [{ name, component, text: `${resource.metadata.name}: ${rollout.text}`, trouble }];
  });
}

/** The newest pods are made from what has just been applied; those that end do not count. */
function firstTrouble(pods: readonly ApiObject[]): Trouble | undefined {
  const created = (pod: ApiObject): string =>
    String(((pod['metadata'] ?? {}) as { readonly creationTimestamp?: unknown }).creationTimestamp);
  return pods
    .toSorted((one, other) => (created(one) > created(other) ? -1 : 1))
    .map(podTrouble)
    .find((trouble) => trouble !== undefined);
}

function isPodOf({ metadata }: ApiObject, deployment: Resource): boolean {
  const { labels, namespace, deletionTimestamp } = (metadata ?? {}) as Readonly<Record<string, unknown>>;
  if (namespace !== deployment.metadata.namespace || deletionTimestamp !== undefined) return false;
  const { selector } = deployment['spec'] as {
    readonly selector: { readonly matchLabels: Record<string, string> };
  };
  const own = (labels ?? {}) as Readonly<Record<string, string>>;
  return Object.entries(selector.matchLabels).every(([key, value]) => own[key] === value);
}

function nameOf({ metadata }: ApiObject): string {
  return String(((metadata ?? {}) as { readonly name?: unknown }).name);
}

/** Definitions that are not established, and Deployments that have not rolled out. */
export function missingOf(
  resources: readonly Resource[],
  live: {
    readonly definitions: readonly ApiObject[];
    readonly deployments: readonly ApiObject[];
    readonly pods: readonly ApiObject[];
  },
): readonly Missing[] {
  const ofKind = (kind: string): readonly Resource[] => resources.filter((one) => one.kind === kind);
  return [
    ...unestablished(ofKind('CustomResourceDefinition'), live.definitions),
    ...unready(ofKind('Deployment'), live.deployments, live.pods),
  ];
}
