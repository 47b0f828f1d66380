/** The formats without a standard of their own: GitHub's commands, JSON, YAML and lines. */

import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { ALL_MESSAGES } from '../../../src/analysis/all-messages.ts';
import { formatGithub } from '../../../src/analysis/reporters/github.ts';
import { formatJson } from '../../../src/analysis/reporters/json.ts';
import { formatLog, formatValidation } from '../../../src/analysis/reporters/log.ts';
import { allRules, documentationUrl } from '../../../src/analysis/reporters/rule-text.ts';
import { textHash } from '../../../src/analysis/reporters/text-hash.ts';
import { formatYaml } from '../../../src/analysis/reporters/yaml.ts';
import { CHECK_CODES } from '../../../src/config/finding.ts';
import { EMPTY, SAMPLE } from './sample-report.ts';

describe('GitHub', () => {
  test('gets one command a line, with everything escaped that would end it', () => {
    const lines = formatGithub(SAMPLE).trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[0]).toBe('::error file=broken file.yaml,title=MESH1001 Syntax::cannot be read');
    expect(lines[1]).toMatch(/^::error file=\/work space\/shop\/a%2Cb%3Ac\.yaml,line=3,col=7,title=IST0101 /);
    expect(lines[1]).toContain('100%25 of%0Ait');
    expect(lines[1]).toMatch(/Mend%0Ait\.$/);
    expect(lines[3]).toMatch(
      /^::notice title=IST0118 PortNameIsNotUnderNamingConvention::Service pie: a port$/,
    );
  });

  test('gets nothing when there is nothing', () => {
    expect(formatGithub(EMPTY)).toBe('');
  });
});

describe('JSON and YAML', () => {
  test('hold the same data', () => {
    // A lone surrogate is no text that YAML can hold.
    const report = { ...SAMPLE, findings: SAMPLE.findings.filter(({ message }) => message.isWellFormed()) };
    expect(load(formatYaml(report))).toEqual(JSON.parse(formatJson(report)));
    expect(load(formatYaml(EMPTY))).toEqual([]);
  });

  test('have the fields of istioctl, the place beside them, and no suppressed findings', () => {
    const records = JSON.parse(formatJson(SAMPLE)) as unknown[];
    expect(records).toHaveLength(5);
    expect(records[1]).toMatchObject({
      code: 'IST0101',
      level: 'Error',
      documentationUrl: 'https://istio.io/latest/docs/reference/config/analysis/ist0101/',
      origin: 'VirtualService shop/pie',
      reference: '/work space/shop/a,b:c.yaml:3:7',
      line: 3,
      column: 7,
      path: 'spec.http[0].headers["x-a.b"]',
    });
    expect(records[4]).not.toHaveProperty('reference');
  });
});

describe('lines', () => {
  test('of analyze have the form of istioctl', () => {
    const lines = formatLog(SAMPLE).split('\n');
    expect(lines[0]).toBe('Error [MESH1001] (broken file.yaml) cannot be read');
    expect(lines[1]).toMatch(
      /^Error \[IST0101\] \(VirtualService shop\/pie \/work space\/shop\/a,b:c\.yaml:3:7\) a "quoted"/,
    );
    expect(lines[2]).toBe('  Mend\\nit.');
    expect(lines.at(-2)).toBe('Warning [IST0001] no object');
  });

  test('cannot be forged, and say nothing to the terminal', () => {
    // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(formatLog(SAMPLE)).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(formatLog(SAMPLE)).toContain('of\\nit: \\u{0}\\u{1b}[31m');
  });

  test('of validate stand under the verdict on their file, in the order of the input', () => {
    const text = formatValidation({ ...SAMPLE, command: 'validate' });
    const verdicts = text.split('\n').filter((line) => /^("|standard input|validation)/.test(line));
    expect(verdicts).toEqual([
      '"broken file.yaml" is not valid:',
      '"/work space/shop/a,b:c.yaml" is not valid:',
      '"/else/where.yaml" is valid',
      'standard input has warnings:',
    ]);
    expect(text).toContain('\n-:1:1: Info [IST0118] (Service pie) a port\n');
  });

  test('are coloured by level alone', () => {
    const text = formatLog(SAMPLE, (level, word) => `<${level[0]}${word}>`);
    expect(text).toMatch(/^<EError> \[MESH1001\]/);
  });
});

describe('rules', () => {
  test('know every code, once, with a sentence', () => {
    const rules = allRules();
    expect(rules.size).toBe(Object.keys(CHECK_CODES).length + ALL_MESSAGES.length);
    for (const { code, summary } of rules.values()) expect(summary, code).toMatch(/^[A-Z<"].*[.!?]$/s);
  });

  test("lead to Istio's page, or to one of the package", () => {
    expect(documentationUrl('MESH1010')).toBe('docs/messages/MESH1010.md');
  });
});

test('the hash of a text is FNV-1a', () => {
  expect(textHash('')).toBe('cbf29ce484222325');
  expect(textHash('a')).toBe('af63dc4c8601ec8c');
  expect(textHash('foobar')).toBe('85944171f73967e8');
});
