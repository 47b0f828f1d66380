/** Target ports of Services that are numbers: containers that list their ports should list these. */

import { WORKLOAD_KINDS, type Workload, containersOf } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';
import { nameTargets, targetsOf } from './targets.ts';

export const analyzer: Analyzer = {
  name: 'service.ExposedPortAnalyzer',
  summary: 'Target ports of Services are among the ports that containers list',
  reads: [...WORKLOAD_KINDS, 'core/Service'],
  // A port works without being listed, and many lists are incomplete.
  onRequest: true,
  messages: [MESH_MESSAGES.TargetPortNotExposed],
  analyze({ snapshot, report }) {
    for (const { object, index, target, workloads } of targetsOf(snapshot)) {
      if (typeof target !== 'number' || !workloads.every((workload) => lacks(workload, target))) continue;
      report(MESH_MESSAGES.TargetPortNotExposed, object, ['spec', 'ports', index, 'targetPort'], {
        workloads: nameTargets(workloads),
        target,
      });
    }
  },
};

/** Whether a workload lists ports, and not this one. */
function lacks({ spec }: Workload, target: number): boolean {
  const exposed = containersOf(spec).flatMap(({ ports = [] }) => ports);
  return exposed.length > 0 && !exposed.some(({ containerPort }) => containerPort === target);
}
