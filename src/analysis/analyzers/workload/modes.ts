/** Sidecars and ambient mode: a workload is in the mesh in one way, and best in that of its namespace. */

import type { FieldPath } from '../../../base/field-path.ts';
import {
  DATAPLANE_MODE_LABEL,
  INJECT_LABEL,
  PROXY_CONTAINER,
  isAmbientNamespace,
  isAmbientWorkload,
} from '../../../model/membership.ts';
import { GATEWAY_NAME_LABEL } from '../../../model/kubernetes-gateways.ts';
import { isSystemNamespace } from '../../../model/system-namespaces.ts';
import { namespaceLabels } from '../../../model/waypoints.ts';
import { WORKLOAD_KINDS, type Workload, containersOf } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { BUILTIN_FILE } from '../../builtin-gateway.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

/** Annotation that chooses what injection adds: `gateway` makes a proxy of the pod itself. */
const TEMPLATES_ANNOTATION = 'inject.istio.io/templates';

export const analyzer: Analyzer = {
  name: 'workload.ModeAnalyzer',
  summary: 'Workloads have a sidecar or are in ambient mode, and not both',
  reads: [...WORKLOAD_KINDS, 'core/Namespace'],
  messages: [MESH_MESSAGES.SidecarAndAmbient, MESH_MESSAGES.SidecarInAmbientNamespace],
  analyze({ snapshot, report }) {
    for (const workload of snapshot.workloads.all) {
      const { object, namespace, templatePath } = workload;
      if (object.source.file === BUILTIN_FILE || isSystemNamespace(namespace)) continue;
      const sidecar = isGateway(workload) ? undefined : sidecarSign(workload);
      if (sidecar === undefined) continue;
      const ambient = ambientSign(workload);
      if (ambient !== undefined) {
        report(MESH_MESSAGES.SidecarAndAmbient, object, [...templatePath, ...ambient.path], {
          ambient: ambient.text,
          sidecar: sidecar.text,
        });
      } else if (
        isAmbientNamespace(namespaceLabels(snapshot, namespace)) &&
        workload.labels[DATAPLANE_MODE_LABEL] !== 'none'
      ) {
        report(MESH_MESSAGES.SidecarInAmbientNamespace, object, [...templatePath, ...sidecar.path], {
          namespace,
        });
      }
    }
  },
};

/** What tells that a workload is one or the other, and where it says so. */
interface Sign {
  readonly text: string;
  /** From the pod template. */
  readonly path: FieldPath;
}

function isGateway({ labels, annotations }: Workload): boolean {
  return labels[GATEWAY_NAME_LABEL] !== undefined || annotations[TEMPLATES_ANNOTATION] === 'gateway';
}

function sidecarSign({ labels, annotations, spec }: Workload): Sign | undefined {
  for (const [field, values] of [['labels', labels] as const, ['annotations', annotations] as const]) {
    if (values[INJECT_LABEL] === undefined) continue;
    return values[INJECT_LABEL] === 'true'
      ? { text: `${INJECT_LABEL}: "true"`, path: ['metadata', field, INJECT_LABEL] }
      : undefined;
  }
  return containersOf(spec).some(({ name, image = '' }) => name === PROXY_CONTAINER && image !== '')
    ? { text: `container ${PROXY_CONTAINER}`, path: ['spec', 'containers'] }
    : undefined;
}

function ambientSign(workload: Workload): Sign | undefined {
  if (workload.labels[DATAPLANE_MODE_LABEL] === 'ambient')
    return { text: `${DATAPLANE_MODE_LABEL}: ambient`, path: ['metadata', 'labels', DATAPLANE_MODE_LABEL] };
  return isAmbientWorkload(workload)
    ? { text: 'its traffic is redirected', path: ['metadata', 'annotations'] }
    : undefined;
}
