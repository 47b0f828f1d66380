/** Results of route cases: text, JSON, and the XML that CI servers show as tests. */

import { escapeXml } from '../../analysis/reporters/junit.ts';
import type { CaseResult } from './run-cases.ts';

export type CaseFormat = 'text' | 'json' | 'junit';

export function reportCases(results: readonly CaseResult[], format: CaseFormat): string {
  const failed = results.filter(({ passed }) => !passed).length;
  if (format === 'json') {
    return `${JSON.stringify({ passed: results.length - failed, failed, cases: results }, null, 2)}\n`;
  }
  return format === 'junit' ? junit(results, failed) : text(results, failed);
}

function text(results: readonly CaseResult[], failed: number): string {
  const lines = results.flatMap(({ title, file, line, passed, failures }) => [
    `${passed ? 'ok  ' : 'FAIL'} ${file}:${line} ${title}`,
    ...failures.map((failure) => `       ${failure}`),
  ]);
  const summary =
    failed === 0
      ? results.length === 1
        ? 'The one case passes.'
        : `All ${results.length} cases pass.`
      : `${failed} of ${results.length} cases ${failed === 1 ? 'fails' : 'fail'}.`;
  return `${[...lines, summary].join('\n')}\n`;
}

function junit(results: readonly CaseResult[], failed: number): string {
  const suites = [...Map.groupBy(results, ({ file }) => file)].map(([file, own]) => {
    const failures = own.filter(({ passed }) => !passed).length;
    const cases = own.map(testCase).join('');
    const head = `name="${escapeXml(file)}" tests="${own.length}" failures="${failures}" errors="0" skipped="0" time="0"`;
    return `  <testsuite ${head}>\n${cases}  </testsuite>\n`;
  });
  const head = `name="mesh route test" tests="${results.length}" failures="${failed}" errors="0" time="0"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${head}>\n${suites.join('')}</testsuites>\n`;
}

function testCase({ title, file, line, passed, failures }: CaseResult): string {
  const head = `    <testcase name="${escapeXml(title)}" classname="mesh.route" time="0"`;
  if (passed) return `${head}/>\n`;
  const body = escapeXml([`${file}:${line}`, ...failures].join('\n'));
  const message = escapeXml(failures[0] ?? '');
  return `${head}>\n      <failure type="route" message="${message}">${body}</failure>\n    </testcase>\n`;
}
