/** Rules of workloads that keep pods running: labels that the mesh wants, ports that Kubernetes takes. */

import type { Deployment, PodTemplate } from '../../../api/generated/types/apps/Deployment.ts';
import type { DaemonSet } from '../../../api/generated/types/apps/DaemonSet.ts';
import type { ReplicaSet } from '../../../api/generated/types/apps/ReplicaSet.ts';
import type { StatefulSet } from '../../../api/generated/types/apps/StatefulSet.ts';
import { matchesSelector, type LabelSelector } from '../../../base/label-selector.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkLabels, checkLabelSelector } from './label-selector.ts';
import { checkPodPorts } from './pod-ports.ts';
import { checkWorkloadLabels } from './workload-labels.ts';

export const kinds = ['apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet', 'apps/ReplicaSet'] as const;

const TEMPLATE = ['spec', 'template'] as const;
const SELECTOR = ['spec', 'selector'] as const;

export const rules: KindRules<Deployment | StatefulSet | DaemonSet | ReplicaSet> = (
  object,
  report,
  context,
) => {
  const { selector, template } = object.value.spec ?? {};
  checkLabelSelector(report, SELECTOR, selector);
  checkTemplate(
    report,
    template,
    (object.meta.namespace ?? context.defaultNamespace) === context.rootNamespace,
  );
  if (selector !== undefined && template !== undefined) checkSelectorFits(report, selector, template);
};

/** Labels and ports of a pod template that stands at `spec.template`. */
export function checkTemplate(report: RuleReport, template: PodTemplate | undefined, system: boolean): void {
  checkLabels(report, [...TEMPLATE, 'metadata', 'labels'], template?.metadata?.labels);
  checkPodPorts(report, [...TEMPLATE, 'spec'], template?.spec);
  // The mesh's own programs report nothing about themselves, and pods without a sidecar have no telemetry.
  if (template !== undefined && !system && !isOutsideMesh(template)) {
    checkWorkloadLabels(report, TEMPLATE, template.metadata);
  }
}

const OPERATORS = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);

function checkSelectorFits(report: RuleReport, selector: LabelSelector, template: PodTemplate): void {
  // The schema tells of operators that do not exist.
  if (selector.matchExpressions?.some(({ operator = '' }) => !OPERATORS.has(operator)) === true) return;
  if (matchesSelector(selector, template.metadata?.labels ?? {})) return;
  report.error(SELECTOR, 'the selector does not choose the pods of the template, by their labels', {
    hint: 'Give spec.template.metadata.labels the labels that spec.selector asks for.',
  });
}

function isOutsideMesh({ metadata, spec }: PodTemplate): boolean {
  const inject =
    metadata?.labels?.['sidecar.istio.io/inject'] ?? metadata?.annotations?.['sidecar.istio.io/inject'];
  return spec?.hostNetwork === true || inject === 'false';
}
