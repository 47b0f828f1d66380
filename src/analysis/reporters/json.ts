/** `-o json`: an array in the shape of istioctl's, with the place split up beside it. */

import { documentationUrl } from './rule-text.ts';
import { openFindings, referenceOf, type Report, type ReportFinding } from './report.ts';

/** Suppressed findings are left out, so that `jq -e 'length == 0'` says what it always said. */
export function formatJson(report: Report): string {
  return `${JSON.stringify(findingRecords(report), undefined, 2)}\n`;
}

/** The findings as plain data; `schemas/output/findings.json` describes it. */
export function findingRecords(report: Report): readonly Readonly<Record<string, string | number>>[] {
  return openFindings(report).map(record);
}

function record(finding: ReportFinding): Readonly<Record<string, string | number>> {
  const { code, name, level, message, origin, file, line, column, path, hint } = finding;
  const reference = referenceOf(finding);
  const fields: readonly (readonly [string, string | number | undefined])[] = [
    ['code', code],
    ['name', name],
    ['level', level],
    ['message', message],
    ['documentationUrl', documentationUrl(code)],
    ['origin', origin],
    ['reference', reference === '' ? undefined : reference],
    ['file', file],
    ['line', line],
    ['column', column],
    ['path', path === '' ? undefined : path],
    ['hint', hint],
  ];
  return Object.fromEntries(
    fields.filter((field): field is [string, string | number] => field[1] !== undefined),
  );
}
