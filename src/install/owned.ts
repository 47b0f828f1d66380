/** Which objects of a cluster belong to an installation: by the labels that all of ours have. */

import type { Resource } from './resource.ts';

const MANAGED_BY = 'app.kubernetes.io/managed-by=lateen';

/** Label selector of all that belongs to control planes of ours, or to that of one revision (`default` for the plain one). */
export function ownedSelector(revisionLabel?: string): string {
  return revisionLabel === undefined ? MANAGED_BY : `${MANAGED_BY},istio.io/rev=${revisionLabel}`;
}

/** Label selector of our definitions of kinds. */
export const DEFINITION_SELECTOR = `${MANAGED_BY},app.kubernetes.io/part-of=istio`;

/** On what a tag consists of. */
export const TAG_LABEL = 'istio.io/tag';

/**
 * Kinds of objects that belong to one installation alone, in the order to delete them: what would stand in the
 * way of others first. Namespaces and definitions, in which users' own objects live, are not among them; nor are
 * Secrets, of which an installation makes none.
 */
export const OWNED_TYPES: readonly Pick<Resource, 'apiVersion' | 'kind'>[] = [
  { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration' },
  { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' },
  { apiVersion: 'v1', kind: 'ServiceAccount' },
];
