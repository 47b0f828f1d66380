/** The conformance cases of `validate` and how the project answers them. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Finding } from '../../src/config/finding.ts';
import { parseText } from '../../src/config/parse/parse.ts';
import { formatFieldPath } from '../../src/base/field-path.ts';
import { validate } from '../../src/config/validate.ts';
import { inCi } from '../peers/tools.ts';

/** Where the cases are: beside the checkout, or where MESH_SHARED says. Not part of the repository. */
export const SHARED = process.env['MESH_SHARED'] ?? path.resolve(import.meta.dirname, '../../../shared');

export interface Case {
  readonly id: string;
  readonly kind: string;
  readonly apiVersion: string;
  readonly valid: boolean;
  readonly warning?: boolean;
  readonly error?: string;
  readonly file: string;
}

export interface Answer {
  readonly case: Case;
  readonly valid: boolean;
  readonly warned: boolean;
  /** What was said, a line each. */
  readonly lines: readonly string[];
}

/** Whether a file or folder of what is shared is there. In continuous integration it has to be: nothing is left out there. */
export function hasShared(part: string): boolean {
  const isThere = existsSync(path.join(SHARED, part));
  if (!isThere && inCi()) {
    throw new Error(`There is no ${path.join(SHARED, part)}; set MESH_SHARED to the folder that holds it.`);
  }
  return isThere;
}

/** Whether the shared cases are there. */
export function hasCases(): boolean {
  return hasShared('conformance/validate/cases.json');
}

export function readCases(): readonly Case[] {
  const folder = path.join(SHARED, 'conformance/validate');
  const cases = JSON.parse(readFileSync(path.join(folder, 'cases.json'), 'utf8')) as readonly Case[];
  return cases.map((one) => ({ ...one, file: path.join(folder, one.file) }));
}

/** What `validate` says of a case. A document that cannot be read is an error. */
export async function answer(one: Case): Promise<Answer> {
  const parsed = parseText(readFileSync(one.file, 'utf8'), path.basename(one.file));
  const results = await validate(parsed.objects);
  const findings = results.flatMap((result) => result.findings);
  const levels = [...findings, ...parsed.problems].map((finding) => finding.level);
  return {
    case: one,
    valid: !levels.includes('Error'),
    warned: levels.some((level) => level !== 'Error'),
    lines: [
      ...parsed.problems.map((problem) => `${problem.level} ${problem.line ?? 0}: ${problem.message}`),
      ...findings.map(describe),
    ],
  };
}

function describe(finding: Finding): string {
  return `${finding.level} ${finding.check} ${formatFieldPath(finding.path)}: ${finding.message}`;
}

/** Verdicts that are wrong, and warnings that are missing or too many. */
export function misses(answers: readonly Answer[]): {
  verdicts: readonly Answer[];
  warnings: readonly Answer[];
} {
  return {
    verdicts: answers.filter((one) => one.valid !== one.case.valid),
    warnings: answers.filter((one) => one.case.warning !== undefined && one.warned !== one.case.warning),
  };
}

/** A miss for people to read: what was expected, and what was said. */
export function formatMiss(one: Answer): string {
  const { id, valid, warning, error, file } = one.case;
  const expected = `${valid ? 'valid' : `invalid${error === undefined ? '' : ` (${error})`}`}${warning === undefined ? '' : warning ? ', warning' : ', no warning'}`;
  const said = one.lines.length === 0 ? ['    (nothing)'] : one.lines.map((line) => `    ${line}`);
  return [`- ${id}  [${one.case.kind}]`, `  ${file}`, `  expected ${expected}; we said:`, ...said].join('\n');
}
