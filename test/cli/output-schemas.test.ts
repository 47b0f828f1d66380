/** What commands print as JSON and YAML fits the schemas in `schemas/output/`. */

import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { findingRecords } from '../../src/analysis/reporters/json.ts';
import { SAMPLE } from '../analysis/reporters/sample-report.ts';
import { runMesh } from './run-mesh.ts';
import { tempFolder } from './temp-folder.ts';

const ajv = new Ajv2020({ allErrors: true });

function errorsOf(name: string, value: unknown): unknown {
  const file = new URL(`../../schemas/output/${name}.json`, import.meta.url);
  const validate = ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object);
  return validate(value) ? [] : validate.errors;
}

const BAD = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: pie, namespace: shop}
spec:
  hosts: [pie]
  htpp: []
  http: [{route: [{destination: {host: cake}}]}]
---
apiVersion: v1
kind: Service
metadata: {name: pie, namespace: shop}
spec: {ports: [{port: 80}]}
---
kind: [
`;

describe('the output of', () => {
  test.for([
    ['validate', ['validate', '-']],
    ['analyze', ['analyze', '-']],
    ['analyzers', ['analyze', '-L']],
    ['version', ['version']],
  ] as const)('%s fits its schema', async ([name, argv]) => {
    const options = { stdin: BAD, cwd: tempFolder() };
    const json = await runMesh([...argv, '-o', 'json'], options);
    const yaml = await runMesh([...argv, '-o', 'yaml'], options);
    const value: unknown = JSON.parse(json.stdout);
    expect(value).not.toEqual([]);
    expect(errorsOf(name, value)).toEqual([]);
    expect(load(yaml.stdout)).toEqual(value);
  });

  test('diff fits its schema, whatever the change', async () => {
    const map = (name: string, data: string): string =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: ${data}\n---\n`;
    const secret = (data: string): string => map('s', data).replace('ConfigMap', 'Secret');
    const old = tempFolder({ 'a.yaml': map('a', '{a: b, c: d}') + map('b', '{}') + secret('{a: eA==}') });
    const stdin = map('a', '{a: x, b: [y]}') + map('c', '{}') + secret('{a: eQ==}');
    const json = await runMesh(['diff', '-o', 'json', old, '-'], { stdin });
    const yaml = await runMesh(['diff', '-o', 'yaml', old, '-'], { stdin });
    const value = JSON.parse(json.stdout) as readonly unknown[];
    expect(value).toHaveLength(4);
    expect(errorsOf('diff', value)).toEqual([]);
    expect(load(yaml.stdout)).toEqual(value);
  });

  test('every kind of finding fits the schema', () => {
    expect(errorsOf('analyze', findingRecords(SAMPLE))).toEqual([]);
  });

  test('the check can fail', () => {
    expect(errorsOf('analyze', [{ ...findingRecords(SAMPLE)[0], level: 'Bad' }])).not.toEqual([]);
    expect(errorsOf('version', { clientVersion: {} })).not.toEqual([]);
  });
});
