/** Regular expressions in matches of routes. */

import type { FieldPath } from '../../../base/field-path.ts';
import { re2Problem } from '../../../base/re2.ts';
import type { RuleReport } from '../rule.ts';

/** Reports a `RegularExpression` that is none. `path` is that of the field with the expression. */
export function checkExpression(
  report: RuleReport,
  path: FieldPath,
  match: { readonly type?: string; readonly value?: string } | undefined,
): void {
  if (match?.type !== 'RegularExpression' || match.value === undefined) return;
  const problem = re2Problem(match.value);
  if (problem === undefined) return;
  report.error(path, `is not a regular expression in RE2 syntax: ${problem}`, {
    hint: 'RE2 has no look-around and no back-references: https://github.com/google/re2/wiki/Syntax',
  });
}
