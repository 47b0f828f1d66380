/** Which EnvoyFilters hold for a workload, and in which order. */

import type { KindTypes } from '../api/generated/kind-types.ts';
import type { MeshObject } from '../config/object.ts';
import { creationTime } from './age.ts';
import { GATEWAY_NAME_LABEL } from './kubernetes-gateways.ts';
import { type Labels, matchesLabels } from './selectors.ts';
import type { Snapshot } from './snapshot.ts';

export type EnvoyFilterObject = MeshObject<KindTypes['networking.istio.io/EnvoyFilter']>;

interface Workload {
  readonly namespace: string;
  readonly labels: Labels;
}

interface Candidate {
  readonly object: EnvoyFilterObject;
  readonly priority: number;
  readonly isOfRoot: boolean;
  readonly created: string;
  readonly id: string;
}

/**
 * Those of the root namespace and of the workload's own: by priority, then the root's first, then the oldest.
 * https://istio.io/latest/docs/reference/config/networking/envoy-filter/
 */
export function envoyFiltersFor(snapshot: Snapshot, workload: Workload): readonly EnvoyFilterObject[] {
  const { rootNamespace } = snapshot.mesh;
  const chosen = snapshot
    .list('networking.istio.io/EnvoyFilter')
    .flatMap((object): Candidate[] => {
      const namespace = snapshot.namespaceOf(object);
      const isOfRoot = namespace === rootNamespace;
      if (!isOfRoot && namespace !== workload.namespace) return [];
      if (!concerns(object, namespace, workload)) return [];
      const priority = object.value.spec?.priority ?? 0;
      const id = `${object.meta.name}.${namespace}`;
      return [{ object, isOfRoot, priority, created: creationTime(object), id }];
    })
    .sort(inOrder);
  return chosen.map(({ object }) => object);
}

function inOrder(a: Candidate, b: Candidate): number {
  return (
    a.priority - b.priority ||
    Number(b.isOfRoot) - Number(a.isOfRoot) ||
    compare(a.created, b.created) ||
    compare(a.id, b.id)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Gateways of the Gateway API can be named; everything else is chosen by labels. */
function concerns(object: EnvoyFilterObject, namespace: string, workload: Workload): boolean {
  const { targetRefs = [], workloadSelector, workloadLabels } = object.value.spec ?? {};
  if (targetRefs.length === 0) {
    return matchesLabels(workloadSelector?.labels ?? workloadLabels ?? {}, workload.labels);
  }
  const gateway = workload.labels[GATEWAY_NAME_LABEL];
  return (
    gateway !== undefined &&
    namespace === workload.namespace &&
    targetRefs.some(
      ({ group, kind, name }) =>
        group === 'gateway.networking.k8s.io' && kind === 'Gateway' && name === gateway,
    )
  );
}
