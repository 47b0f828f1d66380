/** Telemetry with a selector: it selects workloads, and no two select the same one. */

import type { MeshObject } from '../../../config/object.ts';
import { formatLabels } from '../../../model/selectors.ts';
import { WORKLOAD_KINDS, type Workload } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

export const analyzer: Analyzer = {
  name: 'telemetry.SelectorAnalyzer',
  summary: 'Telemetries with a selector select workloads, and no two of them the same ones',
  reads: [...WORKLOAD_KINDS, 'telemetry.istio.io/Telemetry'],
  messages: [MESSAGES.ReferencedResourceNotFound, MESSAGES.ConflictingTelemetryWorkloadSelectors],
  analyze({ snapshot, report }) {
    const claims = new Map<Workload, MeshObject[]>();
    for (const object of snapshot.list('telemetry.istio.io/Telemetry')) {
      const selector = object.value.spec?.selector?.matchLabels ?? {};
      if (Object.keys(selector).length === 0) continue;
      const workloads = snapshot.workloads.select(selector, snapshot.namespaceOf(object));
      if (workloads.length === 0) {
        const path = ['spec', 'selector', 'matchLabels'];
        report(MESSAGES.ReferencedResourceNotFound, object, path, {
          type: 'selector',
          name: formatLabels(selector),
        });
      }
      for (const workload of workloads) claims.set(workload, [...(claims.get(workload) ?? []), object]);
    }
    for (const [workload, objects] of claims) {
      if (objects.length < 2) continue;
      const names = objects.map(({ meta }) => meta.name).sort();
      for (const object of objects) {
        report(MESSAGES.ConflictingTelemetryWorkloadSelectors, object, ['spec', 'selector'], {
          namespace: workload.namespace,
          workload: workload.object.meta.name,
          telemetries: names,
        });
      }
    }
  },
};
