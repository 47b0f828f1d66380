/** The CustomResourceDefinitions that are made from schemas. */

import { describe, expect, test } from 'vitest';
import type { KindSchema, SchemaNode } from '../../src/api/schema.ts';
import { crdPath, customResourceDefinition } from '../../src/codegen/crd.ts';
import { lampSchema } from './sample.ts';

const text = { type: 'string', description: 'A text.' } as const;

/** The schema of `spec` in the first version. */
function specOf(schema: KindSchema): Record<string, unknown> {
  const root = customResourceDefinition(schema)?.spec.versions[0]?.schema.openAPIV3Schema;
  return (root?.['properties'] as Record<string, Record<string, unknown>> | undefined)?.['spec'] ?? {};
}

/** What becomes of a field. */
function field(node: SchemaNode, header = {}): unknown {
  const schema = lampSchema(
    { beam: node },
    { header, defs: { Beam: { type: 'object', description: 'A beam.', properties: { at: text } } } },
  );
  return (specOf(schema)['properties'] as Record<string, unknown>)['beam'];
}

describe('customResourceDefinition', () => {
  test('carries names, scope, versions, columns and subresources', () => {
    const column = {
      name: 'Beam',
      type: 'string',
      jsonPath: '.spec.beam',
      description: 'What it casts.',
    } as const;
    const schema = lampSchema(
      {},
      { header: { categories: ['light'], printerColumns: [column], subresources: { status: {} } } },
    );
    expect(customResourceDefinition(schema)).toMatchObject({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'lamps.light.example' },
      spec: {
        group: 'light.example',
        names: {
          kind: 'Lamp',
          listKind: 'LampList',
          plural: 'lamps',
          singular: 'lamp',
          shortNames: ['lp'],
          categories: ['light'],
        },
        scope: 'Namespaced',
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            subresources: { status: {} },
            additionalPrinterColumns: [column],
          },
          {
            name: 'v1alpha1',
            served: true,
            storage: false,
            deprecated: true,
            deprecationWarning: 'Use v1 instead.',
          },
        ],
      },
    });
    expect(crdPath(schema)).toBe('crds/light.example_lamps.json');
  });

  test.each([[{ scope: 'File', versions: [] }], [{ external: true }]] as const)(
    'is not made for a kind with %j',
    (header) => {
      expect(customResourceDefinition(lampSchema({}, { header }))).toBeUndefined();
    },
  );

  test('says where a group below k8s.io was approved', () => {
    const crd = customResourceDefinition(lampSchema({}, { header: { group: 'gateway.networking.k8s.io' } }));
    expect(Object.keys(crd?.metadata.annotations ?? {})).toEqual(['api-approved.kubernetes.io']);
  });

  test('adds apiVersion, kind, metadata, and a status of any shape where the schema has none', () => {
    const root = customResourceDefinition(lampSchema({}))?.spec.versions[0]?.schema.openAPIV3Schema;
    expect(root?.['properties']).toMatchObject({
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    });
  });

  const any = 'A value.';
  test.each<[string, SchemaNode, unknown]>([
    [
      'a reference is written out, its own words first',
      { $ref: '#/$defs/Beam', description: any },
      { type: 'object', description: any, properties: { at: text } },
    ],
    [
      'int-or-string',
      { description: any, 'x-kubernetes-int-or-string': true },
      {
        description: any,
        'x-kubernetes-int-or-string': true,
        anyOf: [{ type: 'integer' }, { type: 'string' }],
      },
    ],
    [
      'a duration',
      { ...text, format: 'duration' },
      { ...text, pattern: expect.stringContaining('ns|us') as unknown },
    ],
    ['a date', { ...text, format: 'date-time' }, { ...text, format: 'date-time' }],
    [
      'uint32',
      { type: 'integer', description: any, format: 'uint32' },
      { type: 'integer', description: any, minimum: 0, maximum: 4294967295 },
    ],
    [
      'uint64',
      { type: 'integer', description: any, format: 'uint64' },
      { type: 'integer', description: any, minimum: 0 },
    ],
    [
      'int32',
      { type: 'integer', description: any, format: 'int32', maximum: 5 },
      { type: 'integer', description: any, format: 'int32', minimum: -2147483648, maximum: 5 },
    ],
    [
      'an exclusive limit',
      { type: 'number', description: any, exclusiveMinimum: 0 },
      { type: 'number', description: any, minimum: 0, exclusiveMinimum: true },
    ],
    [
      'unique scalars',
      { type: 'array', description: any, items: { type: 'string' }, uniqueItems: true },
      { type: 'array', description: any, items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    ],
    ['a default', { ...text, default: 'x' }, text],
    [
      'a unit',
      { type: 'integer', description: any, 'x-mesh-unit': 'seconds' },
      { type: 'integer', description: any },
    ],
    [
      'a deprecated field',
      { ...text, deprecated: true, 'x-mesh-deprecated': 'Use b.' },
      { type: 'string', description: 'A text. Deprecated. Use b.' },
    ],
    [
      'an open object',
      { type: 'object', description: any, 'x-kubernetes-preserve-unknown-fields': true },
      { type: 'object', description: any, 'x-kubernetes-preserve-unknown-fields': true },
    ],
  ])('%s', (_name, node, expected) => {
    expect(field(node)).toEqual(expected);
  });

  test('has defaults for the groups where the API server fills them in', () => {
    expect(field({ ...text, default: 'x' }, { group: 'gateway.networking.k8s.io' })).toEqual({
      ...text,
      default: 'x',
    });
  });

  test('says what excludes what in the words that structural schemas have', () => {
    const fields = { a: text, b: text, c: text };
    const need = (...names: string[]): unknown => ({ required: names });
    const none = { not: { anyOf: [need('a'), need('b'), need('c')] } };
    expect(specOf(lampSchema(fields, { spec: { 'x-mesh-exclusive': [['a', 'b']] } }))['not']).toEqual(
      need('a', 'b'),
    );
    expect(specOf(lampSchema(fields, { spec: { 'x-mesh-exclusive': [['a', 'b', 'c']] } }))['oneOf']).toEqual([
      none,
      need('a'),
      need('b'),
      need('c'),
    ]);
    expect(specOf(lampSchema(fields, { spec: { 'x-mesh-one-of': [['a', 'b']] } }))['oneOf']).toEqual([
      need('a'),
      need('b'),
    ]);
    const two = specOf(
      lampSchema(fields, {
        spec: {
          'x-mesh-exclusive': [
            ['a', 'b'],
            ['b', 'c'],
          ],
        },
      }),
    );
    expect(two['allOf']).toEqual([{ not: need('a', 'b') }, { not: need('b', 'c') }]);
  });

  test('has both spellings of kinds with protobuf names', () => {
    const schema = lampSchema(
      { lightBeam: text },
      { header: { protoNames: true }, spec: { required: ['lightBeam'] } },
    );
    expect(specOf(schema)).toMatchObject({
      properties: { lightBeam: text, light_beam: text },
      allOf: [
        { anyOf: [{ required: ['lightBeam'] }, { required: ['light_beam'] }] },
        { not: { required: ['lightBeam', 'light_beam'] } },
      ],
    });
  });
});
