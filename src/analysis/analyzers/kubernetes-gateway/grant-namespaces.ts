/** Namespaces that ReferenceGrants let in. */

import { knownNamespaces } from '../../../model/known-namespaces.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

export const analyzer: Analyzer = {
  name: 'k8sgateway.GrantNamespaceAnalyzer',
  summary: 'Namespaces that a ReferenceGrant lets in exist',
  reads: [...WORKLOAD_KINDS, 'core/Namespace', 'gateway.networking.k8s.io/ReferenceGrant'],
  needs: [['core/Namespace']],
  messages: [MESH_MESSAGES.GrantNamespaceNotFound],
  analyze({ snapshot, report }) {
    const known = knownNamespaces(snapshot);
    for (const object of snapshot.list('gateway.networking.k8s.io/ReferenceGrant')) {
      for (const [index, { namespace = '' }] of (object.value.spec?.from ?? []).entries()) {
        if (namespace === '' || known.has(namespace)) continue;
        report(MESH_MESSAGES.GrantNamespaceNotFound, object, ['spec', 'from', index, 'namespace'], {
          namespace,
        });
      }
    }
  },
};
