/** What a pod belongs to: behind the controllers' own in-between objects the one that a person wrote. */

export interface PodOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** Of the metadata of a pod, unchecked. */
export interface PodMetadata {
  readonly generateName?: unknown;
  readonly ownerReferences?: unknown;
  readonly labels?: unknown;
}

function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function textOf(value: unknown, key: string): string {
  const found = fieldOf(value, key);
  return typeof found === 'string' ? found : '';
}

/** Undefined for a pod that nothing controls, or whose name was not generated: it stands for itself. */
export function podOwner({ generateName, ownerReferences, labels }: PodMetadata): PodOwner | undefined {
  if (typeof generateName !== 'string' || generateName === '' || !Array.isArray(ownerReferences)) {
    return undefined;
  }
  const references: readonly unknown[] = ownerReferences;
  const controller = references.find((one) => fieldOf(one, 'controller') === true);
  if (controller === undefined) return undefined;
  const kind = textOf(controller, 'kind');
  const name = textOf(controller, 'name');
  const apiVersion = textOf(controller, 'apiVersion');
  const hash = textOf(labels, 'pod-template-hash');
  if (kind === 'ReplicaSet' && hash !== '' && name.endsWith(`-${hash}`)) {
    return { apiVersion, kind: 'Deployment', name: name.slice(0, -hash.length - 1) };
  }
  const rollout = textOf(labels, 'rollouts-pod-template-hash');
  if (kind === 'ReplicaSet' && rollout !== '' && name.endsWith(`-${rollout}`)) {
    return { apiVersion: 'v1alpha1', kind: 'Rollout', name: name.slice(0, -rollout.length - 1) };
  }
  const config = textOf(labels, 'deploymentconfig');
  if (kind === 'ReplicationController' && config !== '') {
    return { apiVersion, kind: 'DeploymentConfig', name: config };
  }
  const scheduled = kind === 'Job' ? /^(.+)-\d{8,10}$/.exec(name)?.[1] : undefined;
  if (scheduled !== undefined) return { apiVersion: 'batch/v1', kind: 'CronJob', name: scheduled };
  return { apiVersion, kind, name };
}
