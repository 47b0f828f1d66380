/** Subsets without labels beside others that have some: they hold the workloads of all of them. */

import type { Analyzer } from '../../analyzer.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

export const analyzer: Analyzer = {
  name: 'destinationrule.SubsetLabelAnalyzer',
  summary: 'Beside subsets with labels there is none without',
  reads: ['networking.istio.io/DestinationRule'],
  messages: [MESH_MESSAGES.SubsetWithoutLabels],
  analyze({ snapshot, report }) {
    for (const object of snapshot.list('networking.istio.io/DestinationRule')) {
      const { subsets = [] } = object.value.spec ?? {};
      const isBare = subsets.map(({ labels = {} }) => Object.keys(labels).length === 0);
      // Alone, a subset without labels is a usual way to give a policy to a route of its own.
      if (isBare.every(Boolean)) continue;
      for (const [index, { name = '' }] of subsets.entries()) {
        if (isBare[index] !== true) continue;
        report(MESH_MESSAGES.SubsetWithoutLabels, object, ['spec', 'subsets', index], { subset: name });
      }
    }
  },
};
