/** The target ports of Services, with the workloads behind them. */

import type { MeshObject } from '../../../config/object.ts';
import { isControlPlane, isMadeForGateway } from '../../../model/control-plane.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { isSystemNamespace } from '../../../model/system-namespaces.ts';
import type { Workload } from '../../../model/workloads.ts';

/** Workloads that a message spells out. */
const MAX_NAMES = 3;

export interface ServiceTarget {
  readonly object: MeshObject;
  /** Of the port in the Service. */
  readonly index: number;
  readonly target: string | number;
  /** At least one. */
  readonly workloads: readonly Workload[];
}

/** Target ports of Services that have workloads in the input, but for those of the mesh and of Kubernetes. */
export function targetsOf(snapshot: Snapshot): readonly ServiceTarget[] {
  return snapshot.list('core/Service').flatMap((object): ServiceTarget[] => {
    const { labels } = object.meta;
    const namespace = snapshot.namespaceOf(object);
    if (isControlPlane(labels) || isMadeForGateway(labels)) return [];
    if (isSystemNamespace(namespace) || namespace === snapshot.mesh.istioNamespace) return [];
    const { selector = {}, type, ports = [] } = object.value.spec ?? {};
    if (type === 'ExternalName' || Object.keys(selector).length === 0) return [];
    const workloads = snapshot.workloads.select(selector, namespace);
    if (workloads.length === 0) return [];
    return ports.map(({ port = 0, targetPort = port }, index) => ({
      object,
      index,
      target: targetPort === '' || targetPort === 0 ? port : targetPort,
      workloads,
    }));
  });
}

/** `Kind name` of each, the first few of many. */
export function nameTargets(workloads: readonly Workload[]): readonly string[] {
  const names = [...new Set(workloads.map(({ object: { kind, meta } }) => `${kind} ${meta.name}`))].sort();
  return names.length > MAX_NAMES ? [...names.slice(0, MAX_NAMES), 'and others'] : names;
}
