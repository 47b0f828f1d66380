/** Services that routes of the Gateway API name. */

import { knowsServicesOf } from '../../../model/services.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';
import { ROUTE_KINDS, serviceReferences } from './route-backends.ts';

export const analyzer: Analyzer = {
  name: 'k8sgateway.BackendAnalyzer',
  summary: 'Services that routes of the Gateway API send to exist',
  reads: [...ROUTE_KINDS, 'core/Service', 'networking.istio.io/ServiceEntry'],
  needs: [['core/Service']],
  about: ROUTE_KINDS,
  messages: [MESH_MESSAGES.BackendNotFound],
  analyze({ snapshot, report }) {
    const { services, mesh } = snapshot;
    const references = [
      ...serviceReferences(snapshot, 'backends'),
      ...serviceReferences(snapshot, 'parents'),
    ];
    for (const { route, path, name, namespace } of references) {
      if (snapshot.find('core/Service', namespace, name) !== undefined) continue;
      if (!knowsServicesOf(namespace, services, mesh)) continue;
      report(MESH_MESSAGES.BackendNotFound, route, [...path, 'name'], { service: name, namespace });
    }
  },
};
