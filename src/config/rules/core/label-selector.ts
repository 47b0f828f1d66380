/** The syntax of labels and label selectors of Kubernetes. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { LabelSelector, Labels } from '../../../base/label-selector.ts';
import { labelKeyProblem, labelValueProblem } from '../../../base/labels.ts';
import type { RuleReport } from '../rule.ts';

const MAX_VALUE = 63;

/** Reports each key and value of a map of labels that Kubernetes would refuse. */
export function checkLabels(report: RuleReport, path: FieldPath, labels: Labels | undefined): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    checkKey(report, [...path, key], key);
    checkValue(report, [...path, key], value);
  }
}

/** Reports what Kubernetes would refuse of a selector: keys, values, and operators without their values. */
export function checkLabelSelector(
  report: RuleReport,
  path: FieldPath,
  selector: LabelSelector | undefined,
): void {
  checkLabels(report, [...path, 'matchLabels'], selector?.matchLabels);
  for (const [index, { key, operator, values }] of (selector?.matchExpressions ?? []).entries()) {
    const at = [...path, 'matchExpressions', index];
    if (key !== undefined) checkKey(report, [...at, 'key'], key);
    for (const [place, value] of (values ?? []).entries())
      checkValue(report, [...at, 'values', place], value);
    const count = values?.length ?? 0;
    if ((operator === 'In' || operator === 'NotIn') && count === 0) {
      report.error(at, `operator ${operator} needs at least one value in "values"`);
    } else if ((operator === 'Exists' || operator === 'DoesNotExist') && count > 0) {
      report.error(
        [...at, 'values'],
        `operator ${operator} takes no values; remove "values", or use In or NotIn`,
      );
    }
  }
}

function checkKey(report: RuleReport, path: FieldPath, key: string): void {
  const problem = labelKeyProblem(key);
  if (problem !== undefined) report.error(path, `label key "${key}" ${problem}`);
}

function checkValue(report: RuleReport, path: FieldPath, value: string): void {
  const problem =
    value.length > MAX_VALUE ? `is longer than ${MAX_VALUE} characters` : labelValueProblem(value);
  if (problem !== undefined) report.error(path, `label value "${value}" ${problem}`);
}
