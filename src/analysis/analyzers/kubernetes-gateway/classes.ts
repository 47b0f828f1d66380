/** Classes of Gateways of the Gateway API: ones of the mesh, or ones of the input. */

import { nearestName } from '../../../base/nearest.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

/** Classes that the control plane makes itself. */
const BUILTIN = [
  'istio',
  'istio-agentgateway',
  'istio-agentgateway-waypoint',
  'istio-east-west',
  'istio-remote',
  'istio-waypoint',
];

export const analyzer: Analyzer = {
  name: 'k8sgateway.ClassAnalyzer',
  summary: 'Gateways of the Gateway API are of a class that exists',
  reads: ['gateway.networking.k8s.io/Gateway', 'gateway.networking.k8s.io/GatewayClass'],
  needs: [['gateway.networking.k8s.io/GatewayClass']],
  messages: [MESH_MESSAGES.GatewayClassNotFound],
  analyze({ snapshot, report }) {
    const classes = [
      ...BUILTIN,
      ...snapshot.list('gateway.networking.k8s.io/GatewayClass').map(({ meta }) => meta.name),
    ];
    for (const object of snapshot.list('gateway.networking.k8s.io/Gateway')) {
      const name = object.value.spec?.gatewayClassName ?? '';
      if (name === '' || classes.includes(name)) continue;
      const near = nearestName(name, classes);
      report(
        MESH_MESSAGES.GatewayClassNotFound,
        object,
        ['spec', 'gatewayClassName'],
        { class: name },
        near === undefined ? undefined : `Did you mean ${near}?`,
      );
    }
  },
};
