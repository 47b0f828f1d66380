/** Sidecar resources: at most one for each workload, one without a selector for each namespace, none in ambient mode. */

import type { MeshObject } from '../../../config/object.ts';
import { isAmbientNamespace, isAmbientWorkload } from '../../../model/membership.ts';
import { formatLabels } from '../../../model/selectors.ts';
import { WORKLOAD_KINDS, type Workload } from '../../../model/workloads.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';
import { groupBy } from '../group-by.ts';

export const analyzer: Analyzer = {
  name: 'sidecar.SelectorAnalyzer',
  summary: 'Sidecar resources select workloads, and no two of them the same ones',
  reads: [...WORKLOAD_KINDS, 'core/Namespace', 'networking.istio.io/Sidecar'],
  messages: [
    MESSAGES.ReferencedResourceNotFound,
    MESSAGES.ConflictingSidecarWorkloadSelectors,
    MESSAGES.MultipleSidecarsWithoutWorkloadSelectors,
    MESSAGES.IneffectivePolicy,
  ],
  analyze(context) {
    const { snapshot } = context;
    const sidecars = snapshot.list('networking.istio.io/Sidecar').map((object) => ({
      object,
      namespace: snapshot.namespaceOf(object),
      selector: object.value.spec?.workloadSelector?.labels ?? {},
    }));
    const selective = sidecars.filter(({ selector }) => Object.keys(selector).length > 0);
    const general = sidecars.filter(({ selector }) => Object.keys(selector).length === 0);
    checkSelective(context, selective);
    for (const [namespace, list] of groupBy(general, ({ namespace }) => namespace)) {
      const labels = snapshot.find('core/Namespace', '', namespace)?.meta.labels ?? {};
      const names = list.map(({ object }) => object.meta.name).sort();
      for (const { object } of list) {
        if (isAmbientNamespace(labels)) {
          context.report(MESSAGES.IneffectivePolicy, object, ['metadata', 'namespace'], {
            reason: `namespace ${namespace} is in ambient mode, where there are no sidecars`,
          });
        } else if (list.length > 1) {
          context.report(MESSAGES.MultipleSidecarsWithoutWorkloadSelectors, object, ['metadata', 'name'], {
            namespace,
            sidecars: names,
          });
        }
      }
    }
  },
};

interface Selective {
  readonly object: MeshObject;
  readonly namespace: string;
  readonly selector: Readonly<Record<string, string>>;
}

function checkSelective({ snapshot, report }: AnalysisContext, sidecars: readonly Selective[]): void {
  const claims = new Map<Workload, MeshObject[]>();
  const ineffective = new Set<MeshObject>();
  for (const { object, namespace, selector } of sidecars) {
    const workloads = snapshot.workloads.select(selector, namespace);
    if (workloads.length === 0) {
      const path = ['spec', 'workloadSelector', 'labels'];
      report(MESSAGES.ReferencedResourceNotFound, object, path, {
        type: 'selector',
        name: formatLabels(selector),
      });
    }
    for (const workload of workloads) {
      if (isAmbientWorkload(workload)) ineffective.add(object);
      else claims.set(workload, [...(claims.get(workload) ?? []), object]);
    }
  }
  for (const object of ineffective) {
    report(MESSAGES.IneffectivePolicy, object, ['spec', 'workloadSelector'], {
      reason: 'a selected workload is in ambient mode, where there are no sidecars',
    });
  }
  for (const [workload, objects] of claims) {
    if (objects.length < 2) continue;
    const names = objects.map(({ meta }) => meta.name).sort();
    for (const object of objects) {
      report(MESSAGES.ConflictingSidecarWorkloadSelectors, object, ['spec', 'workloadSelector'], {
        namespace: workload.namespace,
        workload: workload.object.meta.name,
        sidecars: names,
      });
    }
  }
}
