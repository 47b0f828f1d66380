/** JUnit's XML, read by a real XML parser and checked against a schema. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { formatJunit } from '../../../src/analysis/reporters/junit.ts';
import { EMPTY, SAMPLE } from './sample-report.ts';

const schema = readFileSync(new URL('junit.xsd', import.meta.url), 'utf8');

async function errorsOf(xml: string): Promise<readonly string[]> {
  const { errors } = await validateXML({
    xml: [{ fileName: 'report.xml', contents: xml }],
    schema: [schema],
  });
  return errors.map(({ message }) => message);
}

describe('JUnit XML', () => {
  test('of a full and of an empty report is valid', async () => {
    expect(await errorsOf(formatJunit(SAMPLE))).toEqual([]);
    expect(await errorsOf(formatJunit(EMPTY))).toEqual([]);
  });

  test('the check of validity can fail', async () => {
    expect(await errorsOf(formatJunit(SAMPLE).replace(' classname=', ' class='))).not.toEqual([]);
    expect(await errorsOf(formatJunit(SAMPLE).replaceAll('&lt;', '<'))).not.toEqual([]);
  });

  test('has a suite for each file, and a passed case where nothing was found', () => {
    const xml = formatJunit(SAMPLE);
    expect(xml.match(/<testsuite /g)).toHaveLength(5);
    expect(xml).toContain('<testcase name="/else/where.yaml" classname="mesh.analyze" time="0"/>');
    expect(xml).toContain('<testsuites name="mesh analyze" tests="6" failures="3" errors="0" time="0">');
  });

  test('fails for errors only; what is suppressed is left out', () => {
    const xml = formatJunit(SAMPLE);
    expect(xml.match(/<failure /g)).toHaveLength(3);
    expect(xml).toContain('<system-out>Info: -:1:1');
    expect(xml).not.toContain('IST0103');
  });
});
