/** What reporters print: the findings of one run of validate or analyze, each with its place. */

import { CHECK_CODES, type Level } from '../../config/finding.ts';

/** One finding, ready to be printed. */
export interface ReportFinding {
  /** `ISTnnnn` or `MESHnnnn`. */
  readonly code: string;
  /** The name of the code: `ReferencedResourceNotFound`. */
  readonly name: string;
  readonly level: Level;
  readonly message: string;
  /** `Kind namespace/name`; empty when the finding is about a file or the mesh as a whole. */
  readonly origin: string;
  /** As the user gave it, `-` for standard input; absent for what no file says. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  /** The field, as `spec.http[0].route`. */
  readonly path?: string;
  readonly hint?: string;
  /** Present when somebody has accepted the finding. Only SARIF shows such findings. */
  readonly suppressed?: { readonly reason?: string };
}

export interface Report {
  readonly command: 'validate' | 'analyze' | 'upgrade-check';
  /** The version of this program. */
  readonly version: string;
  /** Every file that was read, in the order of the input. */
  readonly files: readonly string[];
  /** The folder that relative files count from, absolute; files in it are named relative to it where that helps. */
  readonly base?: string;
  /** In the order in which they are to be printed. */
  readonly findings: readonly ReportFinding[];
}

/** The findings that nobody has accepted. */
export function openFindings(report: Report): readonly ReportFinding[] {
  return report.findings.filter((finding) => finding.suppressed === undefined);
}

/** `file:line:column`, as far as each is known; empty when nothing is. */
export function referenceOf({ file, line, column }: ReportFinding): string {
  return file === undefined ? '' : [file, line, column].filter((part) => part !== undefined).join(':');
}

/** What validation says: the field is the subject of the sentence. */
const FIELD_FIRST: ReadonlySet<string> = new Set([...Object.values(CHECK_CODES), 'IST0106', 'IST0133']);

/** The message as it is understood without the other parts: with its field in front, where that is its subject. */
export function sentenceOf({ code, message, path = '' }: ReportFinding): string {
  return path !== '' && FIELD_FIRST.has(code) ? `${path}: ${message}` : message;
}

/** How many findings there are of each level. */
export function countLevels(findings: readonly ReportFinding[]): Readonly<Record<Level, number>> {
  const counts = { Error: 0, Warning: 0, Info: 0 };
  for (const { level } of findings) counts[level]++;
  return counts;
}

/** Findings by file: every file of the input in its order, then '' for those that no file says. */
export function findingsByFile(report: Report): ReadonlyMap<string, readonly ReportFinding[]> {
  const byFile = new Map<string, ReportFinding[]>(report.files.map((file) => [file, []]));
  for (const finding of openFindings(report)) {
    const file = finding.file ?? '';
    const list = byFile.get(file);
    if (list === undefined) byFile.set(file, [finding]);
    else list.push(finding);
  }
  return byFile;
}
