/** Injection of namespaces: whether they are injected, who decides, and pods that miss their sidecar. */

import type { MeshObject } from '../../../config/object.ts';
import { Injectors } from '../../../model/injector.ts';
import {
  DATAPLANE_MODE_LABEL,
  INJECTION_LABEL,
  INJECT_LABEL,
  PROXY_CONTAINER,
  REVISION_LABEL,
} from '../../../model/membership.ts';
import type { Labels } from '../../../model/selectors.ts';
import { isSystemNamespace } from '../../../model/system-namespaces.ts';
import { type PodSpec, containersOf } from '../../../model/workloads.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

export const analyzer: Analyzer = {
  name: 'injection.Analyzer',
  summary: 'Namespaces say clearly whether they are injected, and their pods have what that means',
  reads: ['core/ConfigMap', 'core/Namespace', 'core/Pod'],
  messages: [
    MESSAGES.NamespaceNotInjected,
    MESSAGES.PodMissingProxy,
    MESSAGES.NamespaceMultipleInjectionLabels,
    MESSAGES.NamespaceInjectionEnabledByDefault,
  ],
  analyze(context) {
    const { snapshot } = context;
    const injectors = new Injectors(snapshot);
    const injected = new Set<string>();
    for (const object of snapshot.list('core/Namespace')) {
      const { name, labels } = object.meta;
      if (name === snapshot.mesh.istioNamespace || isSystemNamespace(name)) continue;
      checkLabels(context, object);
      checkInjection(context, object, injectors);
      if (labels[INJECTION_LABEL] === 'enabled') injected.add(name);
    }
    for (const object of snapshot.list('core/Pod')) {
      if (!injected.has(snapshot.namespaceOf(object))) continue;
      if (!needsSidecar(object, object.value.spec ?? {})) continue;
      context.report(MESSAGES.PodMissingProxy, object, ['spec', 'containers'], { pod: object.meta.name });
    }
  },
};

/** Labels of which one alone should decide; `istio-injection=disabled` wins over the others in any case. */
function checkLabels({ report }: AnalysisContext, object: MeshObject): void {
  const { labels } = object.meta;
  const injection = labels[INJECTION_LABEL];
  const others = injection === undefined || injection === 'enabled';
  const deciding = [
    ...(injection === undefined ? [] : [INJECTION_LABEL]),
    ...[REVISION_LABEL, DATAPLANE_MODE_LABEL].filter((name) => others && labels[name] !== undefined),
  ];
  const second = deciding[1];
  if (second === undefined) return;
  report(MESSAGES.NamespaceMultipleInjectionLabels, object, ['metadata', 'labels', second], {
    labels: deciding.map((name) => `${name}=${labels[name] ?? ''}`),
  });
}

function checkInjection({ report }: AnalysisContext, object: MeshObject, injectors: Injectors): void {
  const { name, labels } = object.meta;
  if (labels[DATAPLANE_MODE_LABEL] === 'ambient' || says(labels)) return;
  if (injectors.ofRevision('')?.enableNamespacesByDefault === true) {
    report(MESSAGES.NamespaceInjectionEnabledByDefault, object, ['metadata', 'name'], {});
  } else {
    report(MESSAGES.NamespaceNotInjected, object, ['metadata', 'name'], { namespace: name });
  }
}

/** The namespace says whether it is injected. */
function says(labels: Labels): boolean {
  return (labels[INJECTION_LABEL] ?? '') !== '' || labels[REVISION_LABEL] !== undefined;
}

/** A pod of an injected namespace that has no sidecar, and did not ask for having none. */
function needsSidecar({ meta }: MeshObject, spec: PodSpec): boolean {
  const inject = meta.labels[INJECT_LABEL] ?? meta.annotations[INJECT_LABEL];
  if (inject?.toLowerCase() === 'false' || spec.hostNetwork === true) return false;
  return !containersOf(spec).some(({ name, image = '' }) => name === PROXY_CONTAINER && image !== '');
}
