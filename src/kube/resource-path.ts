/** Where an object is on an API server: from its kind to its path. */

import { findKind, kindKey, splitApiVersion } from '../api/kinds.ts';
import { MeshError } from '../base/mesh-error.ts';

/** Kinds that commands write or read and that the registry has no schema for. */
const OTHERS: Readonly<Record<string, { readonly plural: string; readonly clusterWide?: true }>> = {
  'apps/ControllerRevision': { plural: 'controllerrevisions' },
  'authorization.k8s.io/SelfSubjectAccessReview': { plural: 'selfsubjectaccessreviews', clusterWide: true },
  'autoscaling/HorizontalPodAutoscaler': { plural: 'horizontalpodautoscalers' },
  'coordination.k8s.io/Lease': { plural: 'leases' },
  'core/Event': { plural: 'events' },
  'core/ResourceQuota': { plural: 'resourcequotas' },
  'networking.k8s.io/NetworkPolicy': { plural: 'networkpolicies' },
  'policy/PodDisruptionBudget': { plural: 'poddisruptionbudgets' },
  'rbac.authorization.k8s.io/ClusterRole': { plural: 'clusterroles', clusterWide: true },
  'rbac.authorization.k8s.io/ClusterRoleBinding': { plural: 'clusterrolebindings', clusterWide: true },
  'rbac.authorization.k8s.io/Role': { plural: 'roles' },
  'rbac.authorization.k8s.io/RoleBinding': { plural: 'rolebindings' },
};

/** A kind, as objects name it. */
export interface TypeName {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface ResourceType extends TypeName {
  readonly group: string;
  readonly plural: string;
  readonly clusterWide: boolean;
}

/** What the kind is called in paths. Throws a `MeshError` with code `UnknownKind` for one that no command handles. */
export function resourceType({ apiVersion, kind }: TypeName): ResourceType {
  const { group } = splitApiVersion(apiVersion);
  const key = kindKey(group, kind);
  const info = findKind(key);
  if (info !== undefined) {
    return { apiVersion, kind, group, plural: info.plural, clusterWide: info.scope === 'Cluster' };
  }
  const other = Object.hasOwn(OTHERS, key) ? OTHERS[key] : undefined;
  if (other === undefined)
    throw new MeshError('UnknownKind', `${kind} of ${apiVersion} is no kind that is known here`);
  return { apiVersion, kind, group, plural: other.plural, clusterWide: other.clusterWide === true };
}

/** Where the objects of a kind are listed: of one namespace, or of all. */
export function listPath(type: TypeName, namespace?: string): string {
  const { apiVersion, plural, clusterWide } = resourceType(type);
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const inside = clusterWide || namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${inside}/${plural}`;
}

/** Where one object is. `namespace` counts for nothing for kinds without one. */
export function objectPath(type: TypeName, name: string, namespace = 'default'): string {
  return `${listPath(type, namespace)}/${encodeURIComponent(name)}`;
}
