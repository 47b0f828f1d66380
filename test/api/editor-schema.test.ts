/** The schemas for editors. */

import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { editorSchema, editorSchemaFile } from '../../src/api/editor-schema.ts';
import { readSchemas } from '../../src/codegen/schema-files.ts';
import { lamp, lampSchema } from '../codegen/sample.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = { type: 'string', description: 'A text.' } as const;
const schema = lampSchema(
  {
    a: text,
    b: text,
    port: { description: 'A port.', 'x-kubernetes-int-or-string': true },
    at: { $ref: '#/$defs/At', description: 'Here.' },
  },
  {
    spec: { 'x-mesh-exclusive': [['a', 'b']] },
    defs: { At: { type: 'object', description: 'A place.', properties: { x: text } } },
  },
);

function accepts(made: object, value: unknown): boolean {
  return new Ajv({ strict: false, validateFormats: false }).compile(made)(value) === true;
}

describe('editorSchema', () => {
  test.each<[unknown, boolean]>([
    [lamp({ a: 'x', port: 80, at: { x: 'y' } }), true],
    [lamp({}, { status: { any: 1 } }), true],
    [lamp({ a: 'x', b: 'x' }), false],
    [lamp({ c: 'x' }), false],
    [lamp({ at: { y: 'x' } }), false],
    [lamp({ port: 1.5 }), false],
    [lamp({}, { sepc: {} }), false],
    [lamp({}, { kind: 'Torch' }), false],
    [lamp({}, { apiVersion: 'light.example/v1alpha1' }), false],
    [{ metadata: {}, spec: {} }, false],
  ])('says of %j: %s', (value, expected) => {
    expect(accepts(editorSchema(schema), value)).toBe(expected);
  });

  test('takes any version of the kind when made for all', () => {
    const made = editorSchema(schema, 'all');
    expect(accepts(made, lamp({}, { apiVersion: 'light.example/v1alpha1' }))).toBe(true);
    expect(accepts(made, lamp({}, { apiVersion: 'light.example/v2' }))).toBe(false);
  });

  test('chooses by apiVersion where versions differ', () => {
    const whole = (name: string) =>
      ({ type: 'object', description: 'A lamp.', properties: { [name]: text } }) as const;
    const versions = ['v1', 'v2'].map((name) => ({
      name,
      served: true,
      storage: name === 'v1',
      schema: `#/$defs/${name}`,
    }));
    const made = editorSchema(
      lampSchema({}, { header: { versions }, defs: { v1: whole('one'), v2: whole('two') } }),
      'all',
    );
    const object = (version: string, field: string) => ({
      apiVersion: `light.example/${version}`,
      kind: 'Lamp',
      [field]: 'x',
    });
    expect(accepts(made, object('v1', 'one'))).toBe(true);
    expect(accepts(made, object('v2', 'two'))).toBe(true);
    expect(accepts(made, object('v1', 'two'))).toBe(false);
  });

  test('keeps descriptions, also beside references', () => {
    expect(JSON.stringify(editorSchema(schema))).toContain(
      '"description":"Here.","allOf":[{"$ref":"#/definitions/At"}]',
    );
  });

  test('is a sound schema for every kind', () => {
    for (const { path, schema: own } of readSchemas(root).files) {
      const made = editorSchema(own, 'all');
      expect(() => new Ajv({ strict: false, validateFormats: false }).compile(made), path).not.toThrow();
    }
  });
});

test.each([
  [{}, 'v1', 'lamp-light.example-v1.json'],
  [{ group: '' }, 'v1', 'lamp-v1.json'],
  [{ scope: 'File', versions: [] }, '', 'lamp.json'],
] as const)('the file of a kind with %j in %s is %s', (header, version, name) => {
  expect(editorSchemaFile(lampSchema({}, { header }), version)).toBe(name);
});
