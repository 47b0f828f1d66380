/** Sidecars of the root namespace: the default of the mesh has no selector, and others reach no further. */

import { matchesLabels } from '../../../model/selectors.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

/** Workloads that a message spells out. */
const MAX_NAMES = 3;

export const analyzer: Analyzer = {
  name: 'sidecar.RootNamespaceAnalyzer',
  summary: 'Sidecars of the root namespace do not select workloads of other namespaces',
  reads: [...WORKLOAD_KINDS, 'networking.istio.io/Sidecar'],
  messages: [MESH_MESSAGES.DefaultSidecarWithSelector],
  analyze({ snapshot, report }) {
    const { rootNamespace } = snapshot.mesh;
    for (const object of snapshot.list('networking.istio.io/Sidecar')) {
      const labels = object.value.spec?.workloadSelector?.labels ?? {};
      if (snapshot.namespaceOf(object) !== rootNamespace || Object.keys(labels).length === 0) continue;
      const selected = snapshot.workloads.all.filter((workload) => matchesLabels(labels, workload.labels));
      const elsewhere = selected.filter(({ namespace }) => namespace !== rootNamespace);
      if (elsewhere.length === 0 || elsewhere.length < selected.length) continue;
      const names = elsewhere.map(({ namespace, object: { meta } }) => `${namespace}/${meta.name}`).sort();
      report(MESH_MESSAGES.DefaultSidecarWithSelector, object, ['spec', 'workloadSelector'], {
        workloads: names.length > MAX_NAMES ? [...names.slice(0, MAX_NAMES), 'and others'] : names,
      });
    }
  },
};
