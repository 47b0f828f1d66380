/** Reports what is wrong with the attribute expressions in a field, with the place inside the expression. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { MeshObject } from '../../object.ts';
import type { AttributeScope } from '../../mixer/attributes.ts';
import { checkExpression } from '../../mixer/check.ts';
import type { CheckedType } from '../../mixer/check.ts';
import type { ValueType } from '../../mixer/expression.ts';
import type { RuleReport } from '../rule.ts';

/** What an expression must give; `ANY` for a field whose type follows from the expression. */
export type WantedType = ValueType | 'ANY';

/**
 * Whether the expressions of an object are in this language (CEXL). With the annotation `CEL` they are in the
 * Common Expression Language, of which nothing is checked here.
 * https://archive.istio.io/v1.4/docs/reference/config/annotations/
 */
export function usesCexl(object: Pick<MeshObject, 'meta'>): boolean {
  return object.meta.annotations['policy.istio.io/lang'] !== 'CEL';
}

/** Checks one expression, and gives its type. */
export function reportExpression(
  report: RuleReport,
  path: FieldPath,
  source: string,
  wanted: WantedType,
  scope: AttributeScope,
): CheckedType {
  const { type, problems } = checkExpression(source, scope);
  for (const { level, message, hint, span } of problems) {
    const text = message.startsWith('is ')
      ? `the expression ${message}`
      : `character ${span.start + 1} of the expression: ${message}`;
    const options = hint === undefined ? {} : { hint };
    if (level === 'Error') report.error(path, text, options);
    else report.warn(path, text, options);
  }
  if (problems.some(({ level }) => level === 'Error')) return 'UNKNOWN';
  if (wanted !== 'ANY' && type !== 'UNKNOWN' && type !== wanted) {
    const hint =
      wanted === 'STRING' && type !== 'STRING'
        ? 'A text in an expression stands in double quotes, as \'"info"\'.'
        : undefined;
    report.error(
      path,
      `the expression has type ${type}; this field needs ${wanted}`,
      hint === undefined ? {} : { hint },
    );
  }
  return type;
}
