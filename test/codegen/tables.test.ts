/** The tables that are made from schemas: kinds, CEL rules, spellings. */

import { describe, expect, test } from 'vitest';
import type { KindInfo } from '../../src/api/kind-info.ts';
import { celRules } from '../../src/codegen/cel-rules.ts';
import { kindInfo, printKindTable } from '../../src/codegen/kind-table.ts';
import { spellingsOf } from '../../src/codegen/spellings.ts';
import { lampSchema } from './sample.ts';

const text = { type: 'string', description: 'A text.' } as const;

describe('kindInfo', () => {
  test('has what the registry needs, and the description as summary', () => {
    const file = {
      path: 'schemas/light.example/Lamp.json',
      folder: 'light.example',
      key: 'light.example/Lamp',
      schema: lampSchema({}),
    };
    expect(kindInfo(file)).toEqual({
      key: 'light.example/Lamp',
      group: 'light.example',
      kind: 'Lamp',
      plural: 'lamps',
      singular: 'lamp',
      shortNames: ['lp'],
      scope: 'Namespaced',
      versions: [
        { name: 'v1', served: true, storage: true },
        { name: 'v1alpha1', served: true, storage: false, deprecated: 'Use v1 instead.' },
      ],
      external: false,
      summary: 'A lamp and what it shines on.',
    } satisfies KindInfo);
  });

  test('leaves the schemas of versions out', () => {
    const versions = [{ name: 'v1', served: true, storage: true, schema: '#/$defs/LampSpec' }];
    const file = {
      path: '',
      folder: 'x',
      key: 'x/Lamp',
      schema: lampSchema({}, { header: { versions, legacy: 'Use a torch.' } }),
    };
    expect(kindInfo(file).versions).toEqual([{ name: 'v1', served: true, storage: true }]);
    expect(kindInfo(file).legacy).toBe('Use a torch.');
  });

  test('stands in the table in the order of the keys', () => {
    const schema = lampSchema({});
    const table = printKindTable(['b/Lamp', 'a/Lamp'].map((key) => ({ path: '', folder: '', key, schema })));
    expect([...table.matchAll(/"key":"([^"]+)"/g)].map((match) => match[1])).toEqual(['a/Lamp', 'b/Lamp']);
  });
});

describe('celRules', () => {
  const rule = (name: string) => ({ rule: name, message: `${name}.` });
  const defs = {
    Beam: {
      type: 'object',
      description: 'A beam.',
      properties: { at: { ...text, 'x-kubernetes-validations': [rule('at')] } },
      'x-kubernetes-validations': [rule('beam')],
    },
  } as const;

  test('are placed where they hold, outer ones first', () => {
    const list = { type: 'array', description: 'Beams.', items: { $ref: '#/$defs/Beam' } } as const;
    const map = {
      type: 'object',
      description: 'Beams.',
      additionalProperties: { $ref: '#/$defs/Beam' },
    } as const;
    const schema = lampSchema({ list, map }, { defs, spec: { 'x-kubernetes-validations': [rule('spec')] } });
    expect(celRules(schema).map(({ path, rule }) => `${path.join('.')}: ${rule}`)).toEqual([
      'spec: spec',
      'spec.list.[]: beam',
      'spec.list.[].at: at',
      'spec.map.{}: beam',
      'spec.map.{}.at: at',
    ]);
  });

  test('beside a reference hold as well as those of the definition', () => {
    const beam = {
      $ref: '#/$defs/Beam',
      description: 'A beam.',
      'x-kubernetes-validations': [rule('here')],
    } as const;
    expect(celRules(lampSchema({ beam }, { defs })).map(({ rule }) => rule)).toEqual(['here', 'beam', 'at']);
  });

  test('name their versions where versions differ', () => {
    const whole = (name: string) =>
      ({
        type: 'object',
        description: 'A lamp.',
        properties: {},
        'x-kubernetes-validations': [rule(name)],
      }) as const;
    const versions = ['v1', 'v2'].map((name) => ({
      name,
      served: true,
      storage: name === 'v1',
      schema: `#/$defs/${name}`,
    }));
    const schema = lampSchema({}, { header: { versions }, defs: { v1: whole('one'), v2: whole('two') } });
    expect(celRules(schema)).toEqual([
      { path: [], ...rule('one'), versions: ['v1'] },
      { path: [], ...rule('two'), versions: ['v2'] },
    ]);
  });
});

describe('spellingsOf', () => {
  test('lists names that differ in snake_case, also below lists and maps, and no keys of maps', () => {
    const beam = { type: 'object', properties: { maxWidth: text } } as const;
    const schema = lampSchema({
      plain: text,
      lightBeam: { ...beam, description: 'A beam.' },
      beams: { type: 'array', description: 'Beams.', items: beam },
      byName: { type: 'object', description: 'Beams.', additionalProperties: text },
    });
    const below = { names: { max_width: 'maxWidth' } };
    expect(spellingsOf(schema, schema)).toEqual({
      fields: {
        spec: {
          names: { light_beam: 'lightBeam', by_name: 'byName' },
          fields: { lightBeam: below, beams: { each: below } },
        },
      },
    });
  });
});
