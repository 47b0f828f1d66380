/** Rules on attribute bindings: attributes that get their values from what an adapter gave back. */

import type { FieldPath } from '../../../base/field-path.ts';
import { KUBERNETES_BINDINGS, STANDARD_ATTRIBUTES, scopeWithOutputs } from '../../mixer/attributes.ts';
import type { RuleReport } from '../rule.ts';
import { reportExpression } from './expressions.ts';
import { isMap } from './values.ts';

/** `kubernetes`: the output is that of the built-in template, whose fields are known. */
export function checkBindings(
  report: RuleReport,
  path: FieldPath,
  bindings: unknown,
  kubernetes: boolean,
): void {
  if (!isMap(bindings)) return;
  const scope = kubernetes ? KUBERNETES_BINDINGS : scopeWithOutputs(['$out.', 'output.']);
  for (const [attribute, source] of Object.entries(bindings)) {
    const place = [...path, attribute];
    if (typeof source !== 'string') continue;
    const type = reportExpression(report, place, source, 'ANY', scope);
    const wanted = STANDARD_ATTRIBUTES.typeOf(attribute);
    if (wanted === undefined) {
      report.warn(place, `there is no standard attribute ${attribute}`, {
        hint: 'Declare it in an attributemanifest, or correct the name.',
      });
    } else if (type !== 'UNKNOWN' && type !== wanted) {
      report.error(place, `${attribute} has type ${wanted}; the expression gives ${type}`);
    }
  }
}
