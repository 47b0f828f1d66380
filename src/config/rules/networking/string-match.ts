/** Checks conditions on texts, and the regular expressions in them. */

import type { StringMatch } from '../../../api/generated/types/networking.istio.io/VirtualService.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { re2Problem } from '../../../base/re2.ts';
import type { RuleReport } from '../rule.ts';

// The control plane's bound; the proxy's own is on the size of the compiled program.
const MAX_REGEX_BYTES = 1024;

/** A condition that must say something: neither an empty prefix nor an empty regular expression. */
export function checkStringMatch(report: RuleReport, path: FieldPath, match: StringMatch | undefined): void {
  if (match?.prefix === '') {
    report.error([...path, 'prefix'], 'must not be empty; leave the condition out to match any value');
  }
  checkStringMatchRegex(report, path, match);
}

/** As above, where an empty prefix is allowed: a path always starts with it. */
export function checkStringMatchRegex(
  report: RuleReport,
  path: FieldPath,
  match: StringMatch | undefined,
): void {
  if (match?.regex === undefined) return;
  if (match.regex === '') report.error([...path, 'regex'], 'must not be empty; use ".*" to match any value');
  else checkRegex(report, [...path, 'regex'], match.regex);
}

/** RE2 syntax, and not too long. https://github.com/google/re2/wiki/Syntax */
export function checkRegex(report: RuleReport, path: FieldPath, pattern: string): void {
  if (Buffer.byteLength(pattern) > MAX_REGEX_BYTES) {
    report.error(path, `a regular expression must not be longer than ${MAX_REGEX_BYTES} bytes; split it`);
    return;
  }
  const problem = re2Problem(pattern);
  if (problem === undefined) return;
  report.error(path, `is not a regular expression in RE2 syntax: ${problem}`, {
    hint: 'RE2 has no look-around and no back-references: https://github.com/google/re2/wiki/Syntax',
  });
}
