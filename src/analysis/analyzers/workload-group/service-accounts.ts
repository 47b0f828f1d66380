/** Service accounts that the workloads of a WorkloadGroup run as. */

import { groupBy } from '../group-by.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

export const analyzer: Analyzer = {
  name: 'workloadgroup.ServiceAccountAnalyzer',
  summary: 'The service account of a WorkloadGroup exists',
  reads: ['core/ServiceAccount', 'networking.istio.io/WorkloadGroup'],
  messages: [MESH_MESSAGES.WorkloadGroupAccountNotFound],
  analyze({ snapshot, report }) {
    const accounts = groupBy(snapshot.list('core/ServiceAccount'), (object) => snapshot.namespaceOf(object));
    for (const object of snapshot.list('networking.istio.io/WorkloadGroup')) {
      const account = object.value.spec?.template?.serviceAccount ?? '';
      const namespace = snapshot.namespaceOf(object);
      const known = accounts.get(namespace);
      // Every namespace has an account `default`; of one without others in the input, nobody can tell.
      if (account === '' || account === 'default' || known === undefined) continue;
      if (known.some(({ meta }) => meta.name === account)) continue;
      report(MESH_MESSAGES.WorkloadGroupAccountNotFound, object, ['spec', 'template', 'serviceAccount'], {
        namespace,
        account,
      });
    }
  },
};
