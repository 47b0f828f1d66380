/** Objects of a manifest: their shape, names and order. */

import type { Tree } from './setting-path.ts';

/** A Kubernetes object to apply. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** What must be there first comes first; webhooks, which act on all that follows, come last. */
const ORDER: readonly string[] = [
  'Namespace',
  'CustomResourceDefinition',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ConfigMap',
  'Secret',
  'NetworkPolicy',
  'Service',
  'EndpointSlice',
  'Deployment',
  'HorizontalPodAutoscaler',
  'PodDisruptionBudget',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
];

/** In the order to apply them: by kind, then namespace, then name. */
export function inApplyOrder(resources: readonly Resource[]): readonly Resource[] {
  return resources.toSorted(
    (left, right) =>
      applyRank(left.kind) - applyRank(right.kind) ||
      compare(left.kind, right.kind) ||
      compare(left.metadata.namespace ?? '', right.metadata.namespace ?? '') ||
      compare(left.metadata.name, right.metadata.name),
  );
}

/** The place of a kind in the order to apply. */
export function applyRank(kind: string): number {
  const index = ORDER.indexOf(kind);
  return index < 0 ? ORDER.length : index;
}

/** By code units, which is the same everywhere. */
function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** `Kind namespace/name`, or `Kind name` where there is no namespace. */
export function resourceName({ kind, metadata }: Resource): string {
  return metadata.namespace === undefined
    ? `${kind} ${metadata.name}`
    : `${kind} ${metadata.namespace}/${metadata.name}`;
}

/** Without the entries whose value is undefined, an empty text, list or map. */
export function compact(fields: Tree): Tree {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => {
      if (value === undefined || value === null || value === '') return false;
      if (typeof value !== 'object') return true;
      return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
    }),
  );
}
