/** Checks names of HTTP headers. */

import type { FieldPath } from '../../../base/field-path.ts';
import { isHeaderName } from '../../../base/http.ts';
import type { RuleReport } from '../rule.ts';

/**
 * The name must be a token of RFC 9110. The control plane lets commas through as well: a list in one item
 * works where names end up in a list anyway (CORS), and as a condition it never holds.
 */
export function checkHeaderName(report: RuleReport, path: FieldPath, name: string): void {
  if (isHeaderName(name)) return;
  if (isHeaderName(name.replaceAll(',', '-'))) {
    report.warn(path, `"${name}" has a comma, which no header name has; write one name an item`);
  } else report.error(path, `"${name}" cannot be the name of a header`);
}
