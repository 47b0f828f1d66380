/** The labels that say which application and version a workload is, for metrics, traces and subsets. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { TemplateMetadata } from '../../../api/generated/types/apps/Deployment.ts';
import type { RuleReport } from '../rule.ts';

// In the order in which the mesh looks for them.
// https://istio.io/latest/docs/ops/deployment/application-requirements/#pod-requirements
const NAME_LABELS = ['service.istio.io/canonical-name', 'app.kubernetes.io/name', 'app'];
const VERSION_LABELS = ['service.istio.io/canonical-revision', 'app.kubernetes.io/version', 'version'];

/** Warns of pods that telemetry cannot tell apart. `path` is that of the pod template. */
export function checkWorkloadLabels(
  report: RuleReport,
  path: FieldPath,
  metadata: TemplateMetadata | undefined,
): void {
  const labels = metadata?.labels ?? {};
  const missing = [NAME_LABELS, VERSION_LABELS]
    .filter((alternatives) => !alternatives.some((label) => Object.hasOwn(labels, label)))
    .map((alternatives) => alternatives[2]);
  if (missing.length === 0) return;
  const names = missing.map((name) => `"${name}"`).join(' and ');
  report.warn(
    [...path, 'metadata', 'labels'],
    `the pods have no ${missing.length > 1 ? 'labels' : 'label'} ${names}, so metrics and traces cannot ` +
      `tell ${missing.includes('app') ? 'which application' : 'which version'} they are`,
    {
      check: 'MissingLabel',
      hint: `Add ${names} to the labels of the pod template (or the matching app.kubernetes.io labels).`,
    },
  );
}
