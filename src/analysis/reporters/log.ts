/** `-o log`: lines for people, and for the problem matchers of editors. */

import { printable } from '../../base/printable.ts';
import type { Level } from '../../config/finding.ts';
import {
  findingsByFile,
  openFindings,
  referenceOf,
  type Report,
  type ReportFinding,
  sentenceOf,
} from './report.ts';

/** Colours a piece of text by level; the identity where there is no colour. */
export type Paint = (level: Level, text: string) => string;

export const PLAIN: Paint = (_level, text) => text;

/**
 * The lines of analyze, as istioctl has them: `Level [CODE] (Kind ns/name file:line:column) message`. A hint
 * follows on a line of its own.
 */
export function formatLog(report: Report, paint: Paint = PLAIN): string {
  return openFindings(report)
    .map((finding) => {
      const { code, level, origin } = finding;
      const place = [origin, referenceOf(finding)].filter((part) => part !== '').join(' ');
      const text = `[${code}]${place === '' ? '' : ` (${place})`} ${sentenceOf(finding)}`;
      return `${paint(level, level)} ${printable(text)}\n${hintLine(finding)}`;
    })
    .join('');
}

/**
 * The lines of validate: for each file istioctl's verdict, then its findings as
 * `file:line:column: Level [CODE] (Kind ns/name) message`.
 */
export function formatValidation(report: Report, paint: Paint = PLAIN): string {
  let text = '';
  for (const [file, findings] of findingsByFile(report)) {
    if (file !== '') text += `${verdict(file, findings)}\n`;
    for (const finding of findings) text += validationLine(finding, paint);
  }
  return text;
}

function verdict(file: string, findings: readonly ReportFinding[]): string {
  const name = file === '-' ? 'standard input' : JSON.stringify(file);
  if (findings.some(({ level }) => level === 'Error')) return `${name} is not valid:`;
  if (findings.length > 0) return `${name} has warnings:`;
  return file === '-' ? 'validation succeed' : `${name} is valid`;
}

function validationLine(finding: ReportFinding, paint: Paint): string {
  const { code, level, origin } = finding;
  const place = referenceOf(finding);
  const object = origin === '' ? '' : ` (${origin})`;
  const text = `[${code}]${object} ${sentenceOf(finding)}`;
  return `${place === '' ? '' : `${printable(place)}: `}${paint(level, level)} ${printable(text)}\n${hintLine(finding)}`;
}

function hintLine({ hint }: ReportFinding): string {
  return hint === undefined ? '' : `  ${printable(hint)}\n`;
}
