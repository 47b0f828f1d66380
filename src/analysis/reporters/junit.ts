/**
 * `-o junit`: XML as JUnit's Ant task writes it, which CI servers show as test results. A file is a test
 * suite, a finding a test case of it; errors are failures, the rest stands in the case's output.
 */

import {
  findingsByFile,
  openFindings,
  referenceOf,
  type Report,
  type ReportFinding,
  sentenceOf,
} from './report.ts';

export function formatJunit(report: Report): string {
  const findings = openFindings(report);
  const suites = [...findingsByFile(report)].map(([file, own]) =>
    suite(report.command, file === '' ? 'mesh' : file, own),
  );
  const failures = findings.filter(isFailure).length;
  const tests = suites.reduce((sum, { tests: count }) => sum + count, 0);
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="mesh ${report.command}" tests="${tests}" failures="${failures}" errors="0" time="0">
${suites.map(({ text }) => text).join('')}</testsuites>
`;
}

function suite(
  command: string,
  file: string,
  findings: readonly ReportFinding[],
): { text: string; tests: number } {
  const cases =
    findings.length === 0 ? [passed(command, file)] : findings.map((finding) => testCase(command, finding));
  const failures = findings.filter(isFailure).length;
  const head = `name="${escapeXml(file)}" tests="${cases.length}" failures="${failures}" errors="0" skipped="0" time="0"`;
  return { text: `  <testsuite ${head}>\n${cases.join('')}  </testsuite>\n`, tests: cases.length };
}

function passed(command: string, file: string): string {
  return `    <testcase name="${escapeXml(file)}" classname="mesh.${command}" time="0"/>\n`;
}

function testCase(command: string, finding: ReportFinding): string {
  const { code, name, level, message, origin, path, hint } = finding;
  const title = [code, name, origin].filter((part) => part !== '').join(' ');
  const place = [referenceOf(finding), path].filter((part) => part !== undefined && part !== '').join(' ');
  const body = escapeXml(
    [place, message, hint].filter((part) => part !== undefined && part !== '').join('\n'),
  );
  const result = isFailure(finding)
    ? `<failure type="${escapeXml(code)}" message="${escapeXml(sentenceOf(finding))}">${body}</failure>`
    : `<system-out>${level}: ${body}</system-out>`;
  return `    <testcase name="${escapeXml(title)}" classname="mesh.${command}" time="0">\n      ${result}\n    </testcase>\n`;
}

function isFailure({ level }: ReportFinding): boolean {
  return level === 'Error';
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

/** Text for an attribute or element. Characters that XML 1.0 has no way to write become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"'\n\r\t]/g, (character) => ENTITIES[character] ?? character);
}
