/** Checks paths in rules: the templates `{*}` and `{**}`. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { RuleReport } from '../rule.ts';

const ONE = '{*}';
const ANY = '{**}';
// RFC 3986, appendix A: pchar.
const SEGMENT = /^[a-zA-Z0-9\-._~%!$&'()+,;:@=]+$/;

/** https://istio.io/latest/docs/reference/config/security/authorization-policy/#Operation */
export function checkPaths(report: RuleReport, path: FieldPath, values: readonly string[]): void {
  for (const [index, value] of values.entries()) {
    const problem = value === '' ? 'must not be empty' : templateProblem(value);
    if (problem !== undefined) report.error([...path, index], problem);
  }
}

function templateProblem(value: string): string | undefined {
  const isTemplate = value.includes(ONE) || value.includes(ANY);
  let anySeen = false;
  for (const segment of trimSlashes(value).split('/')) {
    if (segment === ONE || segment === ANY) {
      if (anySeen) return `"${value}" has an operator behind {**}, which must be the last one`;
      anySeen = segment === ANY;
    } else if (segment.includes('{') || segment.includes('}')) {
      return `"${value}" may hold braces only in {*} and {**}, each of which is a whole segment`;
    } else if (isTemplate && !SEGMENT.test(segment)) {
      return segment === ''
        ? `"${value}" has an empty segment, which a template cannot match`
        : `"${value}" is a template, and its segment "${segment}" has characters that a path segment cannot hold`;
    }
  }
  return undefined;
}

function trimSlashes(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && value[start] === '/') start++;
  while (end > start && value[end - 1] === '/') end--;
  return value.slice(start, end);
}
