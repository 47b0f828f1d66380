/** One IP address for several Gateways of the Gateway API: only one of them can have it. */

import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';
import { groupBy } from '../group-by.ts';

export const analyzer: Analyzer = {
  name: 'k8sgateway.AddressAnalyzer',
  summary: 'No two Gateways of the Gateway API ask for the same IP address',
  reads: ['gateway.networking.k8s.io/Gateway'],
  messages: [MESH_MESSAGES.SharedGatewayAddress],
  analyze({ snapshot, report }) {
    const addresses = snapshot.list('gateway.networking.k8s.io/Gateway').flatMap((object) =>
      (object.value.spec?.addresses ?? []).flatMap(({ type = 'IPAddress', value = '' }, index) =>
        // A host name is that of a Service, which several Gateways may well configure.
        type === 'IPAddress' && value !== ''
          ? [{ object, name: `${snapshot.namespaceOf(object)}/${object.meta.name}`, address: value, index }]
          : [],
      ),
    );
    for (const [address, group] of groupBy(addresses, (one) => one.address)) {
      const gateways = [...new Set(group.map(({ name }) => name))].sort();
      if (gateways.length < 2) continue;
      for (const { object, index } of group) {
        report(MESH_MESSAGES.SharedGatewayAddress, object, ['spec', 'addresses', index, 'value'], {
          gateways,
          address,
        });
      }
    }
  },
};
