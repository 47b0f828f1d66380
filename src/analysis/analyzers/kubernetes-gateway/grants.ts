/** References of routes into other namespaces: these must have granted them. */

import { ROUTE_KINDS, serviceReferences } from './route-backends.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

export const analyzer: Analyzer = {
  name: 'k8sgateway.ReferenceAnalyzer',
  summary: 'Routes of the Gateway API send to other namespaces only where these grant it',
  reads: [...ROUTE_KINDS, 'gateway.networking.k8s.io/ReferenceGrant'],
  needs: [['gateway.networking.k8s.io/ReferenceGrant']],
  messages: [MESH_MESSAGES.ReferenceNotGranted],
  analyze({ snapshot, report }) {
    const grants = snapshot.list('gateway.networking.k8s.io/ReferenceGrant').map((object) => ({
      namespace: snapshot.namespaceOf(object),
      spec: object.value.spec ?? {},
    }));
    for (const { route, path, from, name, namespace } of serviceReferences(snapshot, 'backends')) {
      if (namespace === from) continue;
      const isGranted = grants.some(
        (grant) =>
          grant.namespace === namespace &&
          (grant.spec.from ?? []).some(
            (one) => one.group === route.group && one.kind === route.kind && one.namespace === from,
          ) &&
          (grant.spec.to ?? []).some(
            (one) =>
              (one.group ?? '') === '' &&
              one.kind === 'Service' &&
              (one.name === undefined || one.name === '' || one.name === name),
          ),
      );
      if (isGranted) continue;
      report(MESH_MESSAGES.ReferenceNotGranted, route, [...path, 'namespace'], {
        namespace,
        kind: route.kind,
        from,
        service: name,
      });
    }
  },
};
