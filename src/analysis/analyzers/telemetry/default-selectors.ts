/** Telemetry without a selector is for a whole namespace: there can be one. */

import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';
import { groupBy } from '../group-by.ts';

export const analyzer: Analyzer = {
  name: 'telemetry.DefaultSelectorAnalyzer',
  summary: 'A namespace has at most one Telemetry without a selector',
  reads: ['telemetry.istio.io/Telemetry'],
  messages: [MESSAGES.MultipleTelemetriesWithoutWorkloadSelectors],
  analyze({ snapshot, report }) {
    const general = snapshot.list('telemetry.istio.io/Telemetry').filter(({ value: { spec = {} } }) => {
      return (
        spec.selector === undefined && spec.targetRef === undefined && (spec.targetRefs ?? []).length === 0
      );
    });
    for (const [namespace, objects] of groupBy(general, (object) => snapshot.namespaceOf(object))) {
      if (objects.length < 2) continue;
      const telemetries = objects.map(({ meta }) => meta.name).sort();
      for (const object of objects) {
        report(MESSAGES.MultipleTelemetriesWithoutWorkloadSelectors, object, ['metadata', 'name'], {
          namespace,
          telemetries,
        });
      }
    }
  },
};
