/** Which namespaces there are, as far as the input tells. */

import type { Snapshot } from './snapshot.ts';

/** Namespaces of every cluster. */
const ALWAYS_THERE = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/**
 * Namespaces of the input, those that workloads are in, those of every cluster, and the control plane's.
 * Reads core/Namespace and the kinds of WORKLOAD_KINDS.
 */
export function knownNamespaces(snapshot: Snapshot): ReadonlySet<string> {
  return new Set([
    ...snapshot.list('core/Namespace').map(({ meta }) => meta.name),
    ...snapshot.workloads.all.map(({ namespace }) => namespace),
    ...ALWAYS_THERE,
    snapshot.mesh.istioNamespace,
    snapshot.mesh.rootNamespace,
  ]);
}
