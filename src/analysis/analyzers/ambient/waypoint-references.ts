/** Waypoints that labels name: each is a Gateway of the Gateway API. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import type { MeshObject } from '../../../config/object.ts';
import type { Labels } from '../../../model/selectors.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { USE_WAYPOINT_LABEL, waypointOf } from '../../../model/waypoints.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

interface Subject {
  readonly object: MeshObject;
  readonly namespace: string;
  readonly labels: Labels;
  readonly path: FieldPath;
}

export const analyzer: Analyzer = {
  name: 'ambient.WaypointAnalyzer',
  summary: 'Waypoints that traffic is sent through exist',
  reads: [
    ...WORKLOAD_KINDS,
    'core/Namespace',
    'core/Service',
    'gateway.networking.k8s.io/Gateway',
    'networking.istio.io/ServiceEntry',
  ],
  needs: [['gateway.networking.k8s.io/Gateway']],
  messages: [MESH_MESSAGES.WaypointNotFound],
  analyze({ snapshot, report }) {
    // Waypoints are often made by a command. Only files that hold some can be expected to hold all.
    if (!snapshot.list('gateway.networking.k8s.io/Gateway').some(isWaypoint)) return;
    for (const { object, namespace, labels, path } of subjectsOf(snapshot)) {
      const waypoint = waypointOf(labels, namespace);
      if (waypoint === undefined || waypoint === 'none') continue;
      if (snapshot.find('gateway.networking.k8s.io/Gateway', waypoint.namespace, waypoint.name) !== undefined)
        continue;
      report(MESH_MESSAGES.WaypointNotFound, object, [...path, USE_WAYPOINT_LABEL], {
        waypoint: waypoint.name,
        namespace: waypoint.namespace,
      });
    }
  },
};

/** Whether a Gateway takes the traffic of ambient mode: it has a listener for that protocol. */
function isWaypoint({ value }: MeshObject<KindTypes['gateway.networking.k8s.io/Gateway']>): boolean {
  return (value.spec?.listeners ?? []).some(({ protocol }) => protocol === 'HBONE');
}

function subjectsOf(snapshot: Snapshot): readonly Subject[] {
  const path = ['metadata', 'labels'];
  const plain = (object: MeshObject, namespace: string): Subject => ({
    object,
    namespace,
    labels: object.meta.labels,
    path,
  });
  return [
    ...snapshot.list('core/Namespace').map((object) => plain(object, object.meta.name)),
    ...snapshot.list('core/Service').map((object) => plain(object, snapshot.namespaceOf(object))),
    ...snapshot
      .list('networking.istio.io/ServiceEntry')
      .map((object) => plain(object, snapshot.namespaceOf(object))),
    ...snapshot.workloads.all.map(({ object, namespace, labels, templatePath }) => ({
      object,
      namespace,
      labels,
      path: [...templatePath, ...path],
    })),
  ];
}
