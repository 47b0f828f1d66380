/** The line that ends the log of validate and analyze: what was found, in how much. */

import { countLevels, type ReportFinding } from '../analysis/reporters/report.ts';

/** `scope` says what was looked at, each number with its noun: `[[2, 'file'], [3, 'object']]`. */
export function summaryLine(
  findings: readonly ReportFinding[],
  scope: readonly (readonly [number, string])[],
): string {
  const looked = scope.map(([number, word]) => count(number, word)).join(', ');
  if (findings.length === 0) return `✔ No validation issues found (${looked}).\n`;
  const levels = countLevels(findings);
  const totals = [
    [levels.Error, 'error'],
    [levels.Warning, 'warning'],
    [levels.Info, 'info'],
  ] as const;
  const found = totals.filter(([number]) => number > 0).map(([number, word]) => count(number, word));
  return `Found ${found.join(', ')} (${looked}).\n`;
}

/** `1 file`, `2 files`. */
export function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
