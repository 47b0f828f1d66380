/**
 * `-o github`: workflow commands that GitHub shows beside the lines of a pull request
 * (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
 */

import type { Level } from '../../config/finding.ts';
import { openFindings, type Report, type ReportFinding } from './report.ts';

const COMMANDS: Readonly<Record<Level, string>> = { Error: 'error', Warning: 'warning', Info: 'notice' };

export function formatGithub(report: Report): string {
  return openFindings(report).map(annotation).join('');
}

function annotation(finding: ReportFinding): string {
  const { code, name, level, message, origin, file, line, column, path, hint } = finding;
  const properties = [
    ['file', file === '-' ? undefined : file],
    ['line', file === '-' ? undefined : line],
    ['col', file === '-' ? undefined : column],
    ['title', `${code} ${name}`],
  ] as const;
  const list = properties
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${escapeProperty(String(value))}`)
    .join(',');
  const subject = [origin, path].filter((part) => part !== undefined && part !== '').join(' ');
  const text = [subject === '' ? message : `${subject}: ${message}`, hint].filter(
    (part) => part !== undefined,
  );
  return `::${COMMANDS[level]} ${list}::${escapeData(text.join('\n'))}\n`;
}

/** A line break would end the command, and `%` starts an escape. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
