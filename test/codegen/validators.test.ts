/** The validators that are made from schemas. */

import { describe, expect, test } from 'vitest';
import type { SchemaNode } from '../../src/api/schema.ts';
import { printValidator } from '../../src/codegen/validators.ts';
import { errorsOf, lamp, lampSchema, loadValidator } from './sample.ts';

const text: SchemaNode = { type: 'string', description: 'A text.' };

/** A field's schema, a value that is right, and one that is wrong with the error it gives. */
const KEYWORDS: readonly (readonly [
  string,
  SchemaNode,
  unknown,
  unknown,
  string,
  Record<string, unknown>,
])[] = [
  ['a string', { type: 'string' }, 'x', 1, 'type', { type: 'string' }],
  ['an integer', { type: 'integer' }, 2, 2.5, 'type', { type: 'integer' }],
  ['a number', { type: 'number' }, 2.5, '2', 'type', { type: 'number' }],
  ['a boolean', { type: 'boolean' }, true, 'true', 'type', { type: 'boolean' }],
  ['a list', { type: 'array', items: { type: 'string' } }, ['x'], 'x', 'type', { type: 'array' }],
  [
    'a map',
    { type: 'object', additionalProperties: { type: 'string' } },
    { a: 'x' },
    [],
    'type',
    { type: 'object' },
  ],
  ['an enum', { type: 'string', enum: ['On', 'Off'] }, 'On', 'on', 'x-mesh-enum', { allowed: ['On', 'Off'] }],
  ['an int-or-string', { 'x-kubernetes-int-or-string': true }, '80', 1.5, 'x-mesh-int-or-string', {}],
  ['a pattern', { type: 'string', pattern: '^a+$' }, 'aa', 'b', 'pattern', { pattern: '^a+$' }],
  ['maxLength in code points', { type: 'string', maxLength: 2 }, '🦊🦊', 'abc', 'maxLength', { limit: 2 }],
  ['minLength', { type: 'string', minLength: 1 }, 'a', '', 'minLength', { limit: 1 }],
  [
    'maxItems',
    { type: 'array', items: { type: 'integer' }, maxItems: 1 },
    [1],
    [1, 2],
    'maxItems',
    { limit: 1 },
  ],
  ['minItems', { type: 'array', items: { type: 'integer' }, minItems: 1 }, [1], [], 'minItems', { limit: 1 }],
  ['maximum', { type: 'integer', maximum: 9 }, 9, 10, 'maximum', { comparison: '<=', limit: 9 }],
  [
    'exclusiveMinimum',
    { type: 'number', exclusiveMinimum: 0 },
    1,
    0,
    'exclusiveMinimum',
    { comparison: '>', limit: 0 },
  ],
  [
    'uint32',
    { type: 'integer', format: 'uint32' },
    4294967295,
    -1,
    'minimum',
    { comparison: '>=', limit: 0 },
  ],
  [
    'int32',
    { type: 'integer', format: 'int32' },
    -2147483648,
    2147483648,
    'maximum',
    { comparison: '<=', limit: 2147483647 },
  ],
  [
    'a Go duration',
    { type: 'string', format: 'duration' },
    '1h30m0.5s',
    '1d',
    'format',
    { format: 'duration' },
  ],
  [
    'a duration of nothing',
    { type: 'string', format: 'duration' },
    '0',
    '',
    'format',
    { format: 'duration' },
  ],
  [
    'a date',
    { type: 'string', format: 'date-time' },
    '2024-02-29T10:00:00Z',
    '2024-02-29',
    'format',
    { format: 'date-time' },
  ],
  ['base64', { type: 'string', format: 'byte' }, 'aGk=', 'a-b', 'format', { format: 'byte' }],
  [
    'a set',
    { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    ['a', 'b'],
    ['a', 'b', 'a'],
    'x-mesh-unique',
    { first: 0, second: 2, keys: [] },
  ],
  [
    'unique objects in any order of keys',
    {
      type: 'array',
      uniqueItems: true,
      items: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
    [{ a: 1 }, { a: 2 }],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    'x-mesh-unique',
    { first: 0, second: 1, keys: [] },
  ],
];

describe('a validator', () => {
  test.each(KEYWORDS)('checks %s', async (_name, field, right, wrong, keyword, params) => {
    const schema = lampSchema({ beam: { description: 'What it casts.', ...field } });
    const validate = (await loadValidator(schema)).validatorFor('v1');
    expect(validate(lamp({ beam: right }))).toBe(true);
    expect(validate(lamp({ beam: wrong }))).toBe(false);
    expect(validate.errors).toEqual([{ instancePath: '/spec/beam', keyword, params }]);
  });

  test('gives the allowed names with an unknown field', async () => {
    const errors = await errorsOf(lampSchema({ beam: text, colour: text }), lamp({ color: 'red' }));
    expect(errors).toEqual([
      {
        instancePath: '/spec',
        keyword: 'x-mesh-closed',
        params: { field: 'color', allowed: ['beam', 'colour'] },
      },
    ]);
  });

  test('takes keys that every object inherits for unknown fields', async () => {
    const value: unknown = JSON.parse('{"constructor": 1, "__proto__": 2, "toString": 3}');
    const errors = await errorsOf(lampSchema({ beam: text }), lamp(value));
    expect(errors.map(({ params }) => 'field' in params && params.field)).toEqual([
      'constructor',
      '__proto__',
      'toString',
    ]);
  });

  test('refuses unknown fields beside apiVersion, kind, metadata, spec and status', async () => {
    const errors = await errorsOf(lampSchema({}), lamp({}, { status: { any: ['shape'] }, sepc: {} }));
    expect(errors).toMatchObject([{ instancePath: '', params: { field: 'sepc' } }]);
  });

  test('leaves objects open that keep unknown fields, and checks the fields it knows', async () => {
    const schema = lampSchema({ beam: text }, { spec: { 'x-kubernetes-preserve-unknown-fields': true } });
    expect(await errorsOf(schema, lamp({ other: 1 }))).toEqual([]);
    expect(await errorsOf(schema, lamp({ beam: 1, other: 1 }))).toHaveLength(1);
  });

  test('leaves all objects of external kinds open', async () => {
    const schema = lampSchema({ beam: text }, { header: { external: true } });
    expect(await errorsOf(schema, lamp({ other: 1 }, { data: 1 }))).toEqual([]);
  });

  test('reports each required field that is missing, at the object', async () => {
    const errors = await errorsOf(
      lampSchema({ beam: text, colour: text }, { spec: { required: ['beam', 'colour'] } }),
      lamp({}),
    );
    expect(errors).toEqual([
      { instancePath: '/spec', keyword: 'required', params: { missingProperty: 'beam' } },
      { instancePath: '/spec', keyword: 'required', params: { missingProperty: 'colour' } },
    ]);
  });

  test('says which of several exclusive fields are set', async () => {
    const schema = lampSchema(
      { a: text, b: text, c: text },
      { spec: { 'x-mesh-exclusive': [['a', 'b', 'c']] } },
    );
    expect(await errorsOf(schema, lamp({}))).toEqual([]);
    expect(await errorsOf(schema, lamp({ b: 'x' }))).toEqual([]);
    expect(await errorsOf(schema, lamp({ a: 'x', c: 'x' }))).toEqual([
      {
        instancePath: '/spec',
        keyword: 'x-mesh-exclusive',
        params: { fields: ['a', 'b', 'c'], present: ['a', 'c'] },
      },
    ]);
  });

  test('wants exactly one of a group', async () => {
    const schema = lampSchema({ a: text, b: text }, { spec: { 'x-mesh-one-of': [['a', 'b']] } });
    expect(await errorsOf(schema, lamp({ a: 'x' }))).toEqual([]);
    expect(await errorsOf(schema, lamp({}))).toMatchObject([
      { keyword: 'x-mesh-one-of', params: { present: [] } },
    ]);
    expect(await errorsOf(schema, lamp({ a: 'x', b: 'x' }))).toMatchObject([
      { params: { present: ['a', 'b'] } },
    ]);
  });

  test('reports a deprecated field that is set, with what to use', async () => {
    const schema = lampSchema({
      old: { ...text, deprecated: true, 'x-mesh-deprecated': 'Use beam instead.' },
    });
    expect(await errorsOf(schema, lamp({}))).toEqual([]);
    expect(await errorsOf(schema, lamp({ old: 'x' }))).toEqual([
      { instancePath: '/spec/old', keyword: 'deprecated', params: { hint: 'Use beam instead.' } },
    ]);
  });

  test('takes null where the schema is nullable, and nowhere else', async () => {
    const list = (item: SchemaNode): SchemaNode => ({ type: 'array', description: 'A list.', items: item });
    const schema = lampSchema({ a: list({ type: 'string', nullable: true }), b: list({ type: 'string' }) });
    expect(await errorsOf(schema, lamp({ a: [null], b: [null] }))).toMatchObject([
      { instancePath: '/spec/b/0' },
    ]);
  });

  test('finds items of a list map that share their keys', async () => {
    const item: SchemaNode = { type: 'object', properties: { port: { type: 'integer' }, via: text } };
    const keys = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['port', 'via'] } as const;
    const schema = lampSchema({ a: { type: 'array', description: 'A list.', items: item, ...keys } });
    expect(await errorsOf(schema, lamp({ a: [{ port: 1 }, { port: 1, via: 'x' }] }))).toEqual([]);
    expect(await errorsOf(schema, lamp({ a: [{ port: 1 }, { port: 2 }, { port: 1 }] }))).toMatchObject([
      { instancePath: '/spec/a', params: { first: 0, second: 2, keys: ['port', 'via'] } },
    ]);
  });

  test('gives one error for a value of the wrong type, and looks no further', async () => {
    const errors = await errorsOf(
      lampSchema({ a: text, b: text }, { spec: { required: ['a', 'b'] } }),
      lamp('on'),
    );
    expect(errors).toEqual([{ instancePath: '/spec', keyword: 'type', params: { type: 'object' } }]);
  });

  test('checks the types in metadata', async () => {
    const errors = await errorsOf(
      lampSchema({}),
      lamp({}, { metadata: { name: 'a', labels: { 'x/y': 1 }, uid: 1 } }),
    );
    expect(errors).toEqual([
      { instancePath: '/metadata/labels/x~1y', keyword: 'type', params: { type: 'string' } },
    ]);
  });

  test.each([[undefined], [null], ['text'], [[]], [7]])('refuses %j in place of an object', async (value) => {
    expect(await errorsOf(lampSchema({}), value)).toMatchObject([
      { instancePath: '', params: { type: 'object' } },
    ]);
  });

  test('keeps a bounded number of errors of a hostile object', async () => {
    const item = { type: 'object', properties: { a: text } } as const;
    const schema = lampSchema(
      { all: { type: 'array', description: 'A list.', items: { $ref: '#/$defs/Item' } } },
      { defs: { Item: item } },
    );
    const errors = await errorsOf(schema, lamp({ all: Array.from({ length: 100_000 }, () => ({ a: 1 })) }));
    expect(errors).toHaveLength(200);
  });

  test('uses the schema of the version, where versions differ', async () => {
    const whole = (name: string): SchemaNode => ({
      type: 'object',
      description: 'A lamp.',
      properties: { [name]: text },
    });
    const schema = lampSchema(
      {},
      {
        header: {
          versions: [
            { name: 'v1', served: true, storage: false, schema: '#/$defs/V1' },
            { name: 'v2', served: true, storage: true, schema: '#/$defs/V2' },
          ],
        },
        defs: { V1: whole('one'), V2: whole('two') },
      },
    );
    const { validatorFor } = await loadValidator(schema);
    expect(validatorFor('v1')({ one: 'x' })).toBe(true);
    expect(validatorFor('v2')({ one: 'x' })).toBe(false);
    expect(validatorFor('v2')({ two: 'x' })).toBe(true);
    expect(validatorFor('v9')({ two: 'x' })).toBe(true);
  });

  test('has no fields but its own for a kind that is a file', async () => {
    const schema = {
      ...lampSchema({}, { header: { scope: 'File', versions: [] } }),
      properties: { a: text },
      $defs: {},
    };
    expect(await errorsOf(schema, { a: 'x' })).toEqual([]);
    expect(await errorsOf(schema, { a: 'x', metadata: {} })).toHaveLength(1);
  });

  test('imports nothing but the runtime beside it', () => {
    const code = printValidator(lampSchema({ beam: { ...text, maxLength: 3 } }));
    expect([...code.matchAll(/from"([^"]+)"/g)].map((match) => match[1])).toEqual(['../runtime.js']);
    expect(code).not.toMatch(/require|schemaPath|A text/);
  });
});

describe('a validator of a kind with protobuf names', () => {
  const schema = lampSchema(
    { lightBeam: { $ref: '#/$defs/Beam' }, b: text },
    {
      header: { protoNames: true },
      spec: { required: ['lightBeam'], 'x-mesh-exclusive': [['lightBeam', 'b']] },
      defs: {
        Beam: {
          type: 'object',
          description: 'A beam.',
          properties: { maxWidth: { type: 'integer', description: 'A width.' } },
        },
      },
    },
  );

  test.each([
    [{ lightBeam: { maxWidth: 1 } }],
    [{ light_beam: { max_width: 1 } }],
    [{ light_beam: { maxWidth: 1 } }],
  ])('accepts %j', async (spec) => {
    expect(await errorsOf(schema, lamp(spec))).toEqual([]);
  });

  test.each([
    [{}, { keyword: 'x-mesh-required', params: { missingProperty: 'lightBeam' } }],
    [
      { light_beam: {}, b: 'x' },
      { keyword: 'x-mesh-exclusive', params: { present: ['light_beam', 'b'] } },
    ],
    [{ light_beam: { max_width: 'x' } }, { keyword: 'type', instancePath: '/spec/light_beam/max_width' }],
    [
      { light_beam: { max_width: 1, maxWidth: 1 } },
      { keyword: 'x-mesh-exclusive', params: { present: ['maxWidth', 'max_width'] } },
    ],
    [
      { lightBeam: { widht: 1 } },
      { keyword: 'x-mesh-closed', params: { field: 'widht', allowed: ['maxWidth'] } },
    ],
  ])('refuses %j', async (spec, error) => {
    expect(await errorsOf(schema, lamp(spec))).toMatchObject([error]);
  });
});
