/** Checks maps of labels in fields. */

import type { FieldPath } from '../../../base/field-path.ts';
import { labelKeyProblem, labelValueProblem } from '../../../base/labels.ts';
import type { RuleReport } from '../rule.ts';

/** Keys and values must be what Kubernetes takes for labels. */
export function checkLabels(
  report: RuleReport,
  path: FieldPath,
  labels: Readonly<Record<string, string>> | undefined,
): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    const keyProblem = labelKeyProblem(key);
    if (keyProblem !== undefined) report.error([...path, key], `label key "${key}" ${keyProblem}`);
    const valueProblem = labelValueProblem(value);
    if (valueProblem !== undefined) report.error([...path, key], `label value "${value}" ${valueProblem}`);
  }
}
