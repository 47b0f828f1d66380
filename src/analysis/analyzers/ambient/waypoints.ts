/** Labels that send traffic through a waypoint: they work in ambient mode only, and the waypoint must exist. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { MeshObject } from '../../../config/object.ts';
import { isAmbientNamespace } from '../../../model/membership.ts';
import type { Labels } from '../../../model/selectors.ts';
import { USE_WAYPOINT_LABEL, isAmbient, waypointOf } from '../../../model/waypoints.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

export const analyzer: Analyzer = {
  name: 'ambient.WaypointLabelAnalyzer',
  summary: 'What is sent through a waypoint is in ambient mode',
  reads: [...WORKLOAD_KINDS, 'core/Namespace'],
  messages: [MESH_MESSAGES.WaypointLabelOutsideAmbient],
  analyze(context) {
    const { snapshot } = context;
    for (const object of snapshot.list('core/Namespace')) {
      const { name, labels } = object.meta;
      const hasAmbient = snapshot.workloads
        .inNamespace(name)
        .some((workload) => isAmbient(snapshot, workload));
      if (isAmbientNamespace(labels) || hasAmbient) continue;
      check(context, object, ['metadata', 'labels'], labels, `namespace ${name}`);
    }
    for (const workload of snapshot.workloads.all) {
      const { object, labels, namespace, templatePath } = workload;
      // Of a namespace that is not in the input, nobody can tell whether it is in ambient mode.
      if (snapshot.find('core/Namespace', '', namespace) === undefined) continue;
      if (isAmbient(snapshot, workload)) continue;
      check(context, object, [...templatePath, 'metadata', 'labels'], labels, 'the workload');
    }
  },
};

function check(
  { report }: AnalysisContext,
  object: MeshObject,
  at: FieldPath,
  labels: Labels,
  subject: string,
): void {
  const waypoint = waypointOf(labels, '');
  if (waypoint === undefined || waypoint === 'none') return;
  report(MESH_MESSAGES.WaypointLabelOutsideAmbient, object, [...at, USE_WAYPOINT_LABEL], { subject });
}
