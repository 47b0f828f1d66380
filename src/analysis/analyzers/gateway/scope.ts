/** Gateways in other namespaces than their workloads: a control plane may be set to ignore these. */

import { gatewayWorkloads } from '../../../model/gateway-workloads.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

export const analyzer: Analyzer = {
  name: 'gateway.ScopeAnalyzer',
  summary: 'Gateways stand in the namespace of the workloads that they configure',
  reads: [...WORKLOAD_KINDS, 'networking.istio.io/Gateway'],
  // Gateways beside the application that they are for are the usual way, unless PILOT_SCOPE_GATEWAY_TO_NAMESPACE.
  onRequest: true,
  messages: [MESH_MESSAGES.GatewayOutsideItsWorkload],
  analyze({ snapshot, report }) {
    for (const object of snapshot.list('networking.istio.io/Gateway')) {
      const namespaces = [...new Set(gatewayWorkloads(snapshot, object).map(({ namespace }) => namespace))];
      if (namespaces.length === 0 || namespaces.includes(snapshot.namespaceOf(object))) continue;
      report(MESH_MESSAGES.GatewayOutsideItsWorkload, object, ['spec', 'selector'], {
        namespaces: namespaces.sort(),
      });
    }
  },
};
