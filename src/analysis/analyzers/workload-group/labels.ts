/** WorkloadGroups of a namespace whose workloads have the same labels. */

import { formatLabels } from '../../../model/selectors.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';
import { groupBy } from '../group-by.ts';

export const analyzer: Analyzer = {
  name: 'workloadgroup.LabelAnalyzer',
  summary: 'WorkloadGroups of a namespace have different labels',
  reads: ['networking.istio.io/WorkloadGroup'],
  messages: [MESH_MESSAGES.SameWorkloadGroupLabels],
  analyze({ snapshot, report }) {
    const groups = snapshot.list('networking.istio.io/WorkloadGroup').flatMap((object) => {
      const labels = formatLabels(object.value.spec?.metadata?.labels ?? {});
      return labels === '' ? [] : [{ object, namespace: snapshot.namespaceOf(object), labels }];
    });
    for (const same of groupBy(groups, ({ namespace, labels }) => `${namespace}|${labels}`).values()) {
      const names = [...new Set(same.map(({ object }) => object.meta.name))].sort();
      if (names.length < 2) continue;
      for (const { object, namespace } of same) {
        report(MESH_MESSAGES.SameWorkloadGroupLabels, object, ['spec', 'metadata', 'labels'], {
          groups: names,
          namespace,
        });
      }
    }
  },
};
