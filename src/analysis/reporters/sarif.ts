/**
 * `-o sarif`: SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), which code
 * hosts and editors show beside the source.
 */

import type { Level } from '../../config/finding.ts';
import { textHash } from './text-hash.ts';
import { documentationUrl, ruleText } from './rule-text.ts';
import { type Report, type ReportFinding, sentenceOf } from './report.ts';

const LEVELS: Readonly<Record<Level, string>> = { Error: 'error', Warning: 'warning', Info: 'note' };

export function formatSarif(report: Report): string {
  const codes = [...new Set(report.findings.map(({ code }) => code))].sort();
  const fingerprint = fingerprinter();
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'mesh',
            semanticVersion: report.version,
            rules: codes.map((code) => rule(code, report)),
          },
        },
        automationDetails: { id: `mesh/${report.command}/` },
        columnKind: 'utf16CodeUnits',
        artifacts: report.files.map((file) => ({ location: artifact(file, report.base) })),
        results: report.findings.map((finding) =>
          result(finding, codes.indexOf(finding.code), fingerprint(finding), report.base),
        ),
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function rule(code: string, report: Report): object {
  const known = ruleText(code);
  const example = report.findings.find((finding) => finding.code === code);
  const name = known?.name ?? example?.name ?? code;
  const summary = known?.summary ?? name;
  const page = documentationUrl(code);
  const isLink = page.startsWith('https:');
  return {
    id: code,
    name,
    shortDescription: { text: summary },
    fullDescription: { text: summary },
    help: {
      text: `${summary}\nSee ${page}`,
      markdown: `${summary}\n\nSee ${isLink ? `[${code}](${page})` : `\`${page}\``}.`,
    },
    // Our own pages stand in the package, and the field must be a whole URI.
    ...(isLink ? { helpUri: page } : {}),
    defaultConfiguration: { level: LEVELS[known?.level ?? example?.level ?? 'Warning'] },
  };
}

function result(finding: ReportFinding, ruleIndex: number, fingerprint: string, base?: string): object {
  const { code, level, hint, suppressed } = finding;
  const sentence = sentenceOf(finding);
  return {
    ruleId: code,
    ruleIndex,
    level: LEVELS[level],
    message: { text: hint === undefined ? sentence : `${sentence}\n${hint}` },
    locations: locations(finding, base),
    partialFingerprints: { 'meshFinding/v1': fingerprint },
    ...(suppressed === undefined
      ? {}
      : {
          suppressions: [
            {
              kind: 'external',
              ...(suppressed.reason === undefined ? {} : { justification: suppressed.reason }),
            },
          ],
        }),
  };
}

function locations({ file, line, column, origin, path }: ReportFinding, base?: string): object[] {
  const logical =
    origin === '' ? [] : [{ fullyQualifiedName: path ? `${origin} ${path}` : origin, kind: 'object' }];
  const physical =
    file === undefined
      ? {}
      : {
          physicalLocation: {
            artifactLocation: artifact(file, base),
            ...(line === undefined
              ? {}
              : { region: { startLine: line, ...(column === undefined ? {} : { startColumn: column }) } }),
          },
        };
  if (file === undefined && logical.length === 0) return [];
  return [{ ...physical, ...(logical.length === 0 ? {} : { logicalLocations: logical }) }];
}

/** Files in the base folder are named relative to it, which code hosts need; others get a `file:` URI. */
function artifact(file: string, base = ''): { uri: string } {
  if (file === '-') return { uri: 'stdin' };
  const root = base === '' ? '' : `${base.replaceAll('\\', '/').replace(/\/$/, '')}/`;
  let slashed = file.replaceAll('\\', '/');
  if (root !== '' && slashed.startsWith(root)) slashed = slashed.slice(root.length);
  const encoded = slashed
    .replace(/^(\.\/)+/, '')
    .split('/')
    .map((part) => encodeURIComponent(part.toWellFormed()))
    .join('/');
  if (/^[A-Za-z]:\//.test(slashed)) return { uri: `file:///${encoded.replace('%3A', ':')}` };
  return { uri: slashed.startsWith('/') ? `file://${encoded}` : encoded };
}

/**
 * A name for a finding that stays the same when lines move: code, file, object, field and text, and a counter
 * where several findings share all of these.
 */
function fingerprinter(): (finding: ReportFinding) => string {
  const seen = new Map<string, number>();
  return ({ code, file, origin, path, message }) => {
    const key = textHash([code, file ?? '', origin, path ?? '', message].join('\u0000'));
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return `${key}:${count}`;
  };
}
