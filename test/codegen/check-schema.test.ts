/** The conventions of schema files. */

import { describe, expect, test } from 'vitest';
import { checkSchema } from '../../src/codegen/check-schema.ts';
import { lampSchema } from './sample.ts';

const place = { folder: 'light.example', name: 'Lamp' };

type Mutable = Record<string, unknown>;

/** The sample as plain JSON, changed at a path: undefined removes. */
function changed(path: string, value: unknown): Mutable {
  const schema = JSON.parse(
    JSON.stringify(
      lampSchema({
        beam: { type: 'string', description: 'What it casts.' },
        count: { type: 'integer', description: 'How many.' },
      }),
    ),
  ) as Mutable;
  const parts = path.split('/').slice(1);
  let node = schema;
  for (const part of parts.slice(0, -1)) {
    node[part] ??= {};
    node = node[part] as Mutable;
  }
  const last = parts.at(-1) ?? '';
  if (value === undefined) delete node[last];
  else node[last] = value;
  return schema;
}

const SPEC = '/$defs/LampSpec';
const BEAM = `${SPEC}/properties/beam`;

/** Where the sample is changed, to what, the pointer of the problem, and words of its message. */
const BROKEN: readonly (readonly [string, unknown, string, RegExp])[] = [
  ['/$schema', 'http://json-schema.org/draft-07/schema#', '/$schema', /2020-12/],
  ['/title', 'Lamps', '/title', /as the file is called: Lamp/],
  ['/type', 'array', '/type', /must be object/],
  ['/description', undefined, '', /needs a description/],
  [
    '/properties/kind',
    { type: 'string', description: 'A kind.' },
    '/properties/kind',
    /added by the generator/,
  ],
  ['/x-mesh', undefined, '/x-mesh', /must say group/],
  ['/x-mesh/colour', 'red', '/x-mesh/colour', /no word of the conventions/],
  ['/x-mesh/group', 'other.example', '/x-mesh/group', /must be "light.example"/],
  ['/x-mesh/kind', 'Lamps', '/x-mesh/kind', /must be "Lamp"/],
  ['/x-mesh/plural', 'Lamps', '/x-mesh/plural', /lower case/],
  ['/x-mesh/shortNames', 'lp', '/x-mesh/shortNames', /list of names/],
  ['/x-mesh/scope', 'Global', '/x-mesh/scope', /Namespaced, Cluster, File/],
  ['/x-mesh/legacy', 'gone', '/x-mesh/legacy', /sentence/],
  ['/x-mesh/versions', [], '/x-mesh/versions', /at least one version/],
  ['/x-mesh/versions/1/storage', true, '/x-mesh/versions', /exactly one version/],
  ['/x-mesh/versions/1/name', 'v1', '/x-mesh/versions/1/name', /twice/],
  ['/x-mesh/versions/1/name', '1.0', '/x-mesh/versions/1/name', /like v1/],
  ['/x-mesh/versions/1/schema', '#/$defs/None', '/x-mesh/versions/1/schema', /definition in this file/],
  [
    '/x-mesh/printerColumns',
    [{ name: 'A', type: 'text', jsonPath: '.a', description: 'An a.' }],
    '/x-mesh/printerColumns/0/type',
    /one of string/,
  ],
  [`${BEAM}/type`, undefined, BEAM, /needs a type/],
  [`${BEAM}/type`, 'text', `${BEAM}/type`, /one of object/],
  [`${BEAM}/description`, undefined, BEAM, /needs a description/],
  [`${BEAM}/description`, 'what it casts', `${BEAM}/description`, /sentence/],
  [`${BEAM}/minimum`, 1, `${BEAM}/minimum`, /belongs to type integer or number/],
  [`${BEAM}/oneOf`, [], `${BEAM}/oneOf`, /no keyword of the conventions/],
  [`${BEAM}/pattern`, '^(?!a)', `${BEAM}/pattern`, /no regular expression/],
  [`${BEAM}/pattern`, '(', `${BEAM}/pattern`, /no regular expression/],
  [`${BEAM}/format`, 'uri', `${BEAM}/format`, /has the formats duration/],
  [`${BEAM}/enum`, [], `${BEAM}/enum`, /at least one value/],
  [`${BEAM}/enum`, ['a', 1], `${BEAM}/enum`, /1 is no string/],
  [`${BEAM}/default`, 3, `${BEAM}/default`, /3 is no string/],
  [`${BEAM}/x-mesh-deprecated`, 'Use count.', BEAM, /"deprecated": true/],
  [`${BEAM}/x-kubernetes-validations`, [{ rule: 'true' }], `${BEAM}/x-kubernetes-validations`, /message/],
  [`${BEAM}/$ref`, '#/$defs/None', `${BEAM}/$ref`, /no definition None/],
  [`${BEAM}/$ref`, 'other.json', `${BEAM}/$ref`, /same file/],
  [
    `${SPEC}/properties/list`,
    { type: 'array', description: 'A list.' },
    `${SPEC}/properties/list`,
    /needs items/,
  ],
  [
    `${SPEC}/properties/any`,
    { type: 'object', description: 'An object.' },
    `${SPEC}/properties/any`,
    /properties, additionalProperties, or/,
  ],
  [`${SPEC}/additionalProperties`, { type: 'string' }, SPEC, /exclude each other/],
  [`${SPEC}/required`, ['colour'], `${SPEC}/required`, /"colour" is not among/],
  [`${SPEC}/x-mesh-exclusive`, [['beam', 'colour']], `${SPEC}/x-mesh-exclusive`, /"colour" is not among/],
  [`${SPEC}/x-mesh-one-of`, [['beam']], `${SPEC}/x-mesh-one-of`, /at least two/],
  ['/$defs/Spare', { type: 'string', description: 'Not used by any.' }, '/$defs/Spare', /nothing refers/],
  [`${BEAM}`, { $ref: SPEC.replace('/', '#/') }, '/$defs/LampSpec', /refers to itself/],
  [`${SPEC}/properties/a~b`, 1, `${SPEC}/properties/a~0b`, /must be a schema object/],
];

describe('checkSchema', () => {
  test('finds nothing wrong with a sound schema', () => {
    expect(checkSchema(changed('/title', 'Lamp'), place)).toEqual([]);
  });

  test.each(BROKEN)('names the place when %s becomes %j', (path, value, pointer, message) => {
    const problems = checkSchema(changed(path, value), place);
    expect(problems).toContainEqual({ pointer, message: expect.stringMatching(message) as unknown });
  });

  test('wants no storage version of external kinds', () => {
    const schema = changed('/x-mesh/external', true);
    (schema['x-mesh'] as Mutable)['versions'] = [{ name: 'v1', served: true, storage: false }];
    expect(checkSchema(schema, place)).toEqual([]);
  });

  test('keeps the name of the kind for its own type', () => {
    const schema = JSON.parse(JSON.stringify(lampSchema({})).replaceAll('LampSpec', 'Lamp')) as unknown;
    expect(checkSchema(schema, place)).toMatchObject([{ pointer: '/$defs/Lamp' }]);
  });

  test.each([[null], [[]], ['text'], [{}], [{ $defs: 1, properties: [], 'x-mesh': [] }]])(
    'survives %j',
    (value) => {
      expect(checkSchema(value, place)).not.toEqual([]);
    },
  );
});
