/** Which workloads and namespaces take part in the mesh: with a sidecar, in ambient mode, or not at all. */

import type { Labels } from './selectors.ts';
import type { Snapshot } from './snapshot.ts';
import type { Workload } from './workloads.ts';
import { containersOf } from './workloads.ts';

/** The sidecar's container. */
export const PROXY_CONTAINER = 'istio-proxy';
/** Label of a namespace: `enabled` or `disabled`. */
export const INJECTION_LABEL = 'istio-injection';
/** Label of a namespace or pod: the control plane that injects it. */
export const REVISION_LABEL = 'istio.io/rev';
/** Label of a namespace or pod: `ambient` or `none`. */
export const DATAPLANE_MODE_LABEL = 'istio.io/dataplane-mode';
/** Label (or, formerly, annotation) of a pod: `true` or `false`. */
export const INJECT_LABEL = 'sidecar.istio.io/inject';
/** Annotation that the node agent sets on a pod that it redirects. */
const REDIRECTION_ANNOTATION = 'ambient.istio.io/redirection';

/** Whether a namespace with these labels is in ambient mode: not when its pods get sidecars. */
export function isAmbientNamespace(labels: Labels): boolean {
  if (labels[INJECTION_LABEL] === 'enabled') return false;
  if ((labels[REVISION_LABEL] ?? '') !== '') return false;
  return labels[DATAPLANE_MODE_LABEL] === 'ambient';
}

/** Whether the traffic of a running pod goes through the node's proxy. */
export function isAmbientWorkload(workload: Workload): boolean {
  return workload.annotations[REDIRECTION_ANNOTATION] === 'enabled';
}

/**
 * Whether a workload has a sidecar, or will be given one: it stands in the pod, or the pod's own label or
 * annotation asks for it, or its namespace does. Reads core/Namespace.
 */
export function hasSidecar(snapshot: Snapshot, workload: Workload): boolean {
  if (containersOf(workload.spec).some(({ name, image = '' }) => name === PROXY_CONTAINER && image !== ''))
    return true;
  const own = workload.labels[INJECT_LABEL] ?? workload.annotations[INJECT_LABEL];
  if (own !== undefined) return own === 'true';
  const namespace = snapshot.find('core/Namespace', '', workload.namespace);
  if (namespace === undefined) return false;
  const { labels } = namespace.meta;
  return (
    labels[INJECTION_LABEL] === 'enabled' ||
    (labels[INJECTION_LABEL] === undefined && (labels[REVISION_LABEL] ?? '') !== '')
  );
}
