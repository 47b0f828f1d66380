/** Target ports of Services that are names: a container has to give one of its ports that name. */

import { WORKLOAD_KINDS, containersOf } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';
import { nameTargets, targetsOf } from './targets.ts';

export const analyzer: Analyzer = {
  name: 'service.TargetPortAnalyzer',
  summary: 'Target ports of Services that are names are ports of a container',
  reads: [...WORKLOAD_KINDS, 'core/Service'],
  messages: [MESH_MESSAGES.NamedPortNotFound],
  analyze({ snapshot, report }) {
    for (const { object, index, target, workloads } of targetsOf(snapshot)) {
      if (typeof target !== 'string') continue;
      const isThere = workloads.some(({ spec }) =>
        containersOf(spec).some(({ ports = [] }) => ports.some(({ name }) => name === target)),
      );
      if (isThere) continue;
      report(MESH_MESSAGES.NamedPortNotFound, object, ['spec', 'ports', index, 'targetPort'], {
        workloads: nameTargets(workloads),
        target,
      });
    }
  },
};
