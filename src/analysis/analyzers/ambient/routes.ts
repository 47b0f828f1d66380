/** VirtualServices and DestinationRules on HTTP for services in ambient mode: their waypoint has to apply them. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { MeshObject } from '../../../config/object.ts';
import { appliesToMesh } from '../../../model/gateways.ts';
import { isAmbientNamespace } from '../../../model/membership.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { namespaceLabels, usesWaypoint } from '../../../model/waypoints.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';
import { isHttpRule } from './layer7.ts';

export const analyzer: Analyzer = {
  name: 'ambient.RouteAnalyzer',
  summary: 'Services in ambient mode that have rules on HTTP use a waypoint, in the namespace of the rules',
  reads: [
    'core/Namespace',
    'core/Service',
    'networking.istio.io/DestinationRule',
    'networking.istio.io/ServiceEntry',
    'networking.istio.io/VirtualService',
  ],
  messages: [MESH_MESSAGES.WaypointRequired, MESH_MESSAGES.RouteOutsideServiceNamespace],
  analyze(context) {
    const { snapshot } = context;
    for (const object of snapshot.list('networking.istio.io/VirtualService')) {
      const { hosts = [], gateways, http = [], tls = [] } = object.value.spec ?? {};
      if (!appliesToMesh(gateways) || http.length + tls.length === 0) continue;
      for (const [index, host] of hosts.entries()) checkHost(context, object, host, ['spec', 'hosts', index]);
    }
    for (const object of snapshot.list('networking.istio.io/DestinationRule')) {
      const spec = object.value.spec ?? {};
      if (isHttpRule(spec)) checkHost(context, object, spec.host ?? '', ['spec', 'host']);
    }
  },
};

function checkHost(
  { snapshot, report }: AnalysisContext,
  object: MeshObject,
  host: string,
  path: FieldPath,
): void {
  const namespace = snapshot.namespaceOf(object);
  // Clients with a sidecar apply the rules of their own namespace themselves.
  if (host === '' || host.includes('*') || !isInAmbientNamespace(snapshot, namespace)) return;
  const [service] = snapshot.services.lookup(host, namespace);
  if (service === undefined || !isInAmbientNamespace(snapshot, service.namespace)) return;
  const { kind } = object;
  if (!usesWaypoint(snapshot, service.object.meta.labels, service.namespace)) {
    const subject = `${service.object.kind} ${service.namespace}/${service.object.meta.name}`;
    report(MESH_MESSAGES.WaypointRequired, object, path, { kind, subject });
  } else if (service.namespace !== namespace) {
    report(MESH_MESSAGES.RouteOutsideServiceNamespace, object, path, {
      host,
      kind,
      namespace: service.namespace,
    });
  }
}

function isInAmbientNamespace(snapshot: Snapshot, namespace: string): boolean {
  return isAmbientNamespace(namespaceLabels(snapshot, namespace));
}
