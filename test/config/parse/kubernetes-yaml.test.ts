/**
 * What YAML means to Kubernetes' own tools. The cases are recorded from sigs.k8s.io/yaml 1.6.0 (YAMLToJSON);
 * `refused` where it fails, or where it fails in its strict form because a key is given twice.
 */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { construct } from '../../../src/config/parse/construct.ts';
import type { Fault } from '../../../src/config/parse/construct.ts';
import { parseYaml } from '../../../src/base/yaml-events.ts';

interface Case {
  readonly yaml: string;
  readonly json?: unknown;
  readonly refused?: boolean;
}

const cases = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'cases/kubernetes-yaml.json'), 'utf8'),
) as readonly Case[];

/** The first document as JSON with sorted keys, or `refused`. */
function read(text: string): string {
  const faults: Fault[] = [];
  try {
    const { text: source, events } = parseYaml(text);
    const [document] = construct(source, events, faults);
    return faults.length > 0 ? 'refused' : canonical(document?.value ?? null);
  } catch {
    return 'refused';
  }
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}

describe('YAML means what it means to Kubernetes', () => {
  it.each(cases)('$yaml', ({ yaml, json, refused }) => {
    expect(read(yaml)).toBe(refused === true ? 'refused' : canonical(json));
  });
});

describe('where Kubernetes refuses what is sound YAML or JSON, the loader is more lenient', () => {
  it.each([
    ['a JSON escape that YAML 1.1 lacks', '{"a": "x\\/y"}', '{"a":"x/y"}'],
    ['a surrogate pair, as JSON writes it', '{"a": "\\ud83d\\ude00"}', '{"a":"😀"}'],
    ['the version directive of YAML 1.2', '%YAML 1.2\n---\na: 1', '{"a":1}'],
    ['JSON with its colon on a line of its own', '{\n"a"\n:\n1}', '{"a":1}'],
    ['a line separator inside text', 'a: x\u2028y', '{"a":"x\u2028y"}'],
  ])('%s', (_title, text, json) => {
    expect(read(text)).toBe(json);
  });
});

describe('a list in brackets whose lines are indented too little', () => {
  it.each([
    ['a: [\n1, # one, "1"\n2\n]', '{"a":[1,2]}'],
    ['a: {\nb: 1,\n\n}\nc: [\n]', '{"a":{"b":1},"c":[]}'],
    ['a:\n  b: ["x",\n  "y # z",\n"w"]\n', '{"a":{"b":["x","y # z","w"]}}'],
    ['a: "x\ny"', '{"a":"x y"}'],
    ['a: "x\n\ny"', 'refused'],
  ])('%j', (text, json) => {
    expect(read(text)).toBe(json);
  });
});
