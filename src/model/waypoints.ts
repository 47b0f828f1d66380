/** Ambient mode: which workloads are in it, and which of them use a waypoint. */

import { DATAPLANE_MODE_LABEL, hasSidecar, isAmbientNamespace, isAmbientWorkload } from './membership.ts';
import type { Labels } from './selectors.ts';
import type { Snapshot } from './snapshot.ts';
import type { Workload } from './workloads.ts';

/** Label of a namespace, service or pod: the waypoint that its traffic goes through, or `none`. */
export const USE_WAYPOINT_LABEL = 'istio.io/use-waypoint';
/** Label beside it: the namespace of the waypoint, where that is another one. */
export const WAYPOINT_NAMESPACE_LABEL = 'istio.io/use-waypoint-namespace';

export interface WaypointReference {
  readonly name: string;
  readonly namespace: string;
}

/** The waypoint that labels name for something in `namespace`; `none` when they refuse one, undefined without. */
export function waypointOf(labels: Labels, namespace: string): WaypointReference | 'none' | undefined {
  const name = labels[USE_WAYPOINT_LABEL];
  if (name === undefined || name === '') return undefined;
  return name === 'none' ? 'none' : { name, namespace: labels[WAYPOINT_NAMESPACE_LABEL] ?? namespace };
}

/**
 * Whether traffic to something with these labels goes through a waypoint: its own label counts, else that of
 * its namespace. Reads core/Namespace.
 */
export function usesWaypoint(snapshot: Snapshot, labels: Labels, namespace: string): boolean {
  const own = waypointOf(labels, namespace);
  const used = own ?? waypointOf(namespaceLabels(snapshot, namespace), namespace);
  return used !== undefined && used !== 'none';
}

/** Whether a workload is in ambient mode, by its own label or its namespace's. Reads core/Namespace. */
export function isAmbient(snapshot: Snapshot, workload: Workload): boolean {
  const own = workload.labels[DATAPLANE_MODE_LABEL];
  if (own === 'none' || hasSidecar(snapshot, workload)) return false;
  return (
    own === 'ambient' ||
    isAmbientWorkload(workload) ||
    isAmbientNamespace(namespaceLabels(snapshot, workload.namespace))
  );
}

/** Labels of a namespace; none when it is not in the input. Reads core/Namespace. */
export function namespaceLabels(snapshot: Snapshot, namespace: string): Labels {
  return snapshot.find('core/Namespace', '', namespace)?.meta.labels ?? {};
}
