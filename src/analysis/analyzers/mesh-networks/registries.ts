/** Networks of the mesh: the clusters that they take endpoints from. */

import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

/** Registries that a control plane always has: its own cluster, ServiceEntries, and one for tests. */
const BUILTIN = ['Kubernetes', 'External', 'Mock'];
/** Label of a Secret that holds the access to remote clusters, under their names. */
const REMOTE_LABEL = 'istio/multiCluster';

export const analyzer: Analyzer = {
  name: 'meshnetworks.MeshNetworksAnalyzer',
  summary: 'Networks take endpoints from clusters that the control plane knows',
  reads: ['core/Secret', 'mesh.istio.io/MeshNetworks'],
  messages: [MESSAGES.UnknownMeshNetworksServiceRegistry],
  analyze({ snapshot, report }) {
    const registries = new Set(BUILTIN);
    for (const object of snapshot.list('core/Secret')) {
      if (object.meta.labels[REMOTE_LABEL] !== 'true') continue;
      const { data = {}, stringData = {} } = object.value;
      for (const cluster of [...Object.keys(data), ...Object.keys(stringData)]) registries.add(cluster);
    }
    for (const object of snapshot.list('mesh.istio.io/MeshNetworks')) {
      for (const [network, { endpoints = [] }] of Object.entries(object.value.networks ?? {})) {
        for (const [index, { fromRegistry: registry = '' }] of endpoints.entries()) {
          if (registry === '' || registries.has(registry)) continue;
          const path = ['networks', network, 'endpoints', index, 'fromRegistry'];
          report(MESSAGES.UnknownMeshNetworksServiceRegistry, object, path, { network, registry });
        }
      }
    }
  },
};
