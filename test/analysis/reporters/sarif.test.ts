/** SARIF, checked against the schema of the standard. */

import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { formatSarif } from '../../../src/analysis/reporters/sarif.ts';
import { EMPTY, SAMPLE } from './sample-report.ts';

const isValid = (() => {
  const require = createRequire(import.meta.url);
  const schema = require('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json') as Record<
    string,
    unknown
  >;
  // ajv 8 no longer knows draft 4; but for these two words the schema means the same in draft 7.
  const { id: _id, $schema: _dialect, ...rest } = schema;
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
  ajv.addFormat('uri', (text) => URL.canParse(text));
  ajv.addFormat(
    'uri-reference',
    (text) => URL.canParse(text, 'https://host/') && !/[\s"<>\\^`{|}]/.test(text),
  );
  ajv.addFormat('date-time', (text) => !Number.isNaN(Date.parse(text)));
  const validate = ajv.compile(rest);
  return (text: string): unknown => (validate(JSON.parse(text)) ? true : validate.errors);
})();

interface Sarif {
  readonly runs: readonly [
    {
      readonly tool: {
        readonly driver: { readonly rules: readonly { readonly id: string; readonly helpUri?: string }[] };
      };
      readonly artifacts: readonly { readonly location: { readonly uri: string } }[];
      readonly results: readonly {
        readonly ruleId: string;
        readonly ruleIndex: number;
        readonly level: string;
        readonly partialFingerprints: Readonly<Record<string, string>>;
        readonly suppressions?: readonly unknown[];
      }[];
    },
  ];
}

const run = (report = SAMPLE): Sarif['runs'][0] => (JSON.parse(formatSarif(report)) as Sarif).runs[0];

describe('SARIF', () => {
  test('of a full and of an empty report is valid', () => {
    expect(isValid(formatSarif(SAMPLE))).toBe(true);
    expect(isValid(formatSarif(EMPTY))).toBe(true);
  });

  test('the check of validity can fail', () => {
    expect(isValid(formatSarif(SAMPLE).replace('"version": "2.1.0"', '"version": "2.0.0"'))).not.toBe(true);
    expect(isValid(formatSarif(SAMPLE).replaceAll('"startLine"', '"lineStart"'))).not.toBe(true);
  });

  test('has one rule for each code, and results point at their rule', () => {
    const { tool, results } = run();
    expect(tool.driver.rules.map(({ id }) => id)).toEqual([
      'IST0001',
      'IST0101',
      'IST0103',
      'IST0118',
      'MESH1001',
    ]);
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  });

  test("links to Istio's pages for Istio's codes only", () => {
    const links = run().tool.driver.rules.map(({ helpUri }) => helpUri);
    expect(links[1]).toBe('https://istio.io/latest/docs/reference/config/analysis/ist0101/');
    expect(links[4]).toBeUndefined();
  });

  test('names files relative to the base folder, and others by a file: URI', () => {
    expect(run().artifacts.map(({ location }) => location.uri)).toEqual([
      'broken%20file.yaml',
      'shop/a%2Cb%3Ac.yaml',
      'file:///else/where.yaml',
      'stdin',
    ]);
  });

  test('names files of Windows as URIs', () => {
    const files = ['C:\\work\\a b.yaml', 'D:\\other\\c.yaml', 'sub\\d.yaml'];
    const { artifacts } = run({ ...EMPTY, base: 'C:\\work', files });
    expect(artifacts.map(({ location }) => location.uri)).toEqual([
      'a%20b.yaml',
      'file:///D:/other/c.yaml',
      'sub/d.yaml',
    ]);
  });

  test('gives each finding a fingerprint of its own, which does not change when lines move', () => {
    const prints = (report = SAMPLE): string[] =>
      run(report).results.flatMap((one) => Object.values(one.partialFingerprints));
    expect(new Set(prints()).size).toBe(SAMPLE.findings.length);
    const moved = {
      ...SAMPLE,
      findings: SAMPLE.findings.map((finding) => ({ ...finding, line: (finding.line ?? 0) + 9 })),
    };
    expect(prints(moved)).toEqual(prints());
  });

  test('marks suppressed findings with their reason, and no others', () => {
    const { results } = run();
    expect(results.filter(({ suppressions }) => suppressions !== undefined)).toMatchObject([
      { ruleId: 'IST0103', suppressions: [{ kind: 'external', justification: 'We know.' }] },
    ]);
  });

  test('calls the levels error, warning and note', () => {
    expect(run().results.map(({ level }) => level)).toEqual([
      'error',
      'error',
      'error',
      'note',
      'warning',
      'warning',
    ]);
  });
});
