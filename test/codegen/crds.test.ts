/** The definitions of all kinds, put before the API server's own code. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CORE_SCHEMA, load } from 'js-yaml';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SchemaNode } from '../../src/api/schema.ts';
import { customResourceDefinition } from '../../src/codegen/crd.ts';
import { readSchemas } from '../../src/codegen/schema-files.ts';
import { VALIDATORS } from '../../src/config/generated/validators.ts';
import type { SchemaError, SchemaValidator } from '../../src/config/generated-contract.ts';
import { buildCrdCheck, hasGo, runCrdCheck } from './crd-check.ts';
import { Mutator } from './mutate.ts';
import { lamp, lampSchema } from './sample.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const suite = join(root, '..', 'shared', 'conformance', 'validate');

interface Case {
  readonly id: string;
  readonly valid: boolean;
  readonly source: string;
  readonly file: string;
}

const crds = readSchemas(root).files.flatMap(({ schema }) => customResourceDefinition(schema) ?? []);

/** What a validator finds wrong, warnings aside. */
function judge(validate: SchemaValidator | undefined, object: unknown): readonly SchemaError[] {
  if (validate === undefined || validate(object)) return [];
  return (validate.errors ?? []).filter(({ keyword }) => keyword !== 'deprecated');
}

function leaveOut(what: string): void {
  process.stderr.write(`Left out in test/codegen/crds.test.ts: ${what}\n`);
}

if (hasGo()) {
  let program = '';
  // The first run fetches and compiles the API server's packages.
  beforeAll(() => {
    program = buildCrdCheck();
  }, 600_000);

  describe('the API server', () => {
    test('accepts every definition', () => {
      const { crds: verdicts } = runCrdCheck(program, { crds, objects: [] });
      expect(verdicts.length).toBeGreaterThan(0);
      expect(verdicts.filter(({ errors }) => errors.length > 0)).toEqual([]);
    });

    const text: SchemaNode = { type: 'string', description: 'A text.' };
    const list: SchemaNode = { type: 'array', description: 'Texts.', items: text };
    const costly = 'self.all(a, self.all(b, self.all(c, a == b && b == c)))';

    test.each<[string, SchemaNode, RegExp]>([
      [
        'costs too much',
        { ...list, 'x-kubernetes-validations': [{ rule: costly, message: 'Same.' }] },
        /cost/,
      ],
      [
        'does not compile',
        { ...text, 'x-kubernetes-validations': [{ rule: 'self.size(', message: 'Size.' }] },
        /compilation failed/,
      ],
      [
        'is no list map',
        { ...list, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a'] },
        /list-map-keys|object/,
      ],
    ])('refuses a definition that %s', (_name, beam, message) => {
      const crd = customResourceDefinition(lampSchema({ beam }));
      expect(runCrdCheck(program, { crds: [crd], objects: [] }).crds[0]?.errors.join('\n')).toMatch(message);
    });

    test.each<[string, unknown, boolean]>([
      ['a sound object', { a: 'x', n: 80, wait: '1m30s' }, true],
      ['an unknown field', { colour: 'red' }, false],
      ['a wrong type', { a: 1 }, false],
      ['a fraction in place of an int-or-string', { n: 1.5 }, false],
      ['two exclusive fields', { a: 'x', b: 'x' }, false],
      ['none of a group', { c: null, wait: '1s', d: null, a: null }, true],
      ['a word that is no duration', { wait: '1 day' }, false],
      ['a value that breaks a CEL rule', { c: 'short' }, false],
      ['a set with equal items', { set: ['x', 'x'] }, false],
    ])('judges %s', (_name, spec, accepted) => {
      const rule = { rule: 'self.size() > 5', message: 'Longer than five.' };
      const crd = customResourceDefinition(
        lampSchema(
          {
            a: text,
            b: text,
            c: { ...text, maxLength: 64, 'x-kubernetes-validations': [rule] },
            d: text,
            n: { description: 'A number.', 'x-kubernetes-int-or-string': true },
            wait: { ...text, format: 'duration' },
            set: { ...list, uniqueItems: true },
          },
          { spec: { 'x-mesh-exclusive': [['a', 'b']] } },
        ),
      );
      const { objects } = runCrdCheck(program, {
        crds: [crd],
        objects: [{ id: 'lamp', object: lamp(spec) }],
      });
      expect(objects[0]?.unknown).toBeUndefined();
      expect(objects[0]?.errors.length === 0, objects[0]?.errors.join('\n')).toBe(accepted);
    });

    if (existsSync(suite)) {
      const cases = JSON.parse(readFileSync(join(suite, 'cases.json'), 'utf8')) as Case[];
      const objects = cases.map(({ id, file }) => ({
        id,
        object: load(readFileSync(join(suite, file), 'utf8'), { schema: CORE_SCHEMA }),
      }));

      test('accepts every valid object of the conformance suite, and refuses those that its tables refuse', () => {
        const verdicts = runCrdCheck(program, { crds, objects }).objects;
        const known = cases.flatMap((one, index) => {
          const verdict = verdicts[index];
          return verdict === undefined || verdict.unknown === true
            ? []
            : [{ ...one, errors: verdict.errors }];
        });
        expect(known.length).toBeGreaterThan(0);
        expect(known.filter(({ valid, errors }) => valid && errors.length > 0)).toEqual([]);
        const missed = known.filter(
          ({ valid, source, errors }) => !valid && source === 'crd-testdata' && errors.length === 0,
        );
        expect(missed).toEqual([]);
      });

      test('and the validators judge thousands of changed objects alike, CEL rules aside', async () => {
        const mutator = new Mutator(7);
        const changed = objects.flatMap(({ object }) =>
          Array.from({ length: 6 }, () => mutator.mutate(object)),
        );
        const withoutCel = JSON.parse(
          JSON.stringify(crds, (key, value: unknown) =>
            key === 'x-kubernetes-validations' ? undefined : value,
          ),
        ) as unknown[];
        const numbered = changed.map((object, index) => ({ id: String(index), object }));
        const verdicts = runCrdCheck(program, { crds: withoutCel, objects: numbered }).objects;
        let compared = 0;
        for (const [index, { unknown, errors }] of verdicts.entries()) {
          if (unknown === true) continue;
          const object = changed[index] as { apiVersion: string; kind: string };
          const [group = '', version = ''] = object.apiVersion.split('/');
          const validators = await VALIDATORS[`${group}/${object.kind}`]?.();
          const own = judge(validators?.validatorFor(version), object);
          expect(own.length === 0, JSON.stringify({ object, own, errors })).toBe(errors.length === 0);
          compared += 1;
        }
        expect(compared).toBeGreaterThan(1_000);
      });
    } else {
      leaveOut('the conformance suite is not beside the project, so no objects of it are checked');
    }
  });
} else {
  leaveOut("Go is not installed, so the API server's own code does not check the definitions");
  test('on a build server Go is there to check the definitions with', () => {
    expect(process.env['CI']).toBeUndefined();
  });
}
