/** Labels and label selectors of Kubernetes: their syntax, and which labels a selector chooses. */

import type { FieldPath } from '../../../base/field-path.ts';
import { labelKeyProblem, labelValueProblem } from '../../../base/labels.ts';
import type { RuleReport } from '../rule.ts';

export type Labels = Readonly<Record<string, string>>;

/** `LabelSelector` of the Kubernetes API, as every generated type has it. */
export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key?: string;
    readonly operator?: string;
    readonly values?: readonly string[];
  }[];
}

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

/** Whether an object with these labels is chosen. A selector without requirements chooses everything. */
export function selectorChooses(selector: LabelSelector, labels: Labels): boolean {
  const has = (key: string): boolean => Object.hasOwn(labels, key);
  const plain = Object.entries(selector.matchLabels ?? {}).every(
    ([key, value]) => has(key) && labels[key] === value,
  );
  return (
    plain &&
    (selector.matchExpressions ?? []).every(({ key = '', operator, values = [] }) => {
      const among = has(key) && values.includes(labels[key] ?? '');
      switch (operator) {
        case 'In':
          return among;
        case 'NotIn':
          return !among;
        case 'Exists':
          return has(key);
        case 'DoesNotExist':
          return !has(key);
        default:
          return true;
      }
    })
  );
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
