/** One host at several Gateways of the Gateway API: each is a proxy of its own, with an address of its own. */

import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';
import { groupBy } from '../group-by.ts';

export const analyzer: Analyzer = {
  name: 'k8sgateway.SharedHostAnalyzer',
  summary: 'No two Gateways of the Gateway API serve the same host and port',
  reads: ['gateway.networking.k8s.io/Gateway'],
  // An entrance for the inside and one for the outside are often meant to serve the same host.
  onRequest: true,
  messages: [MESH_MESSAGES.SharedListenerHost],
  analyze({ snapshot, report }) {
    const listeners = snapshot.list('gateway.networking.k8s.io/Gateway').flatMap((object) =>
      (object.value.spec?.listeners ?? []).flatMap(({ hostname = '', port = 0, protocol = '' }, index) =>
        hostname === ''
          ? []
          : [
              {
                object,
                name: `${snapshot.namespaceOf(object)}/${object.meta.name}`,
                host: hostname.toLowerCase(),
                port,
                protocol,
                index,
              },
            ],
      ),
    );
    for (const group of groupBy(
      listeners,
      ({ host, port, protocol }) => `${host}|${port}|${protocol}`,
    ).values()) {
      const gateways = [...new Set(group.map(({ name }) => name))].sort();
      if (gateways.length < 2) continue;
      for (const { object, index, host, port } of group) {
        const path = ['spec', 'listeners', index, 'hostname'];
        report(MESH_MESSAGES.SharedListenerHost, object, path, { gateways, host, port });
      }
    }
  },
};
