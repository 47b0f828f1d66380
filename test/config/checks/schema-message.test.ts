import { describe, expect, it } from 'vitest';
import type { FieldPath } from '../../../src/base/field-path.ts';
import { formatFieldPath } from '../../../src/base/field-path.ts';
import { schemaFinding } from '../../../src/config/checks/schema-message.ts';
import type { SchemaError } from '../../../src/config/generated-contract.ts';

const root = {
  spec: {
    a: 'text',
    n: 7,
    list: ['x', { 'a/b~c': null }],
    map: { k: 1 },
    flag: 'true',
    number: '12',
    deep: { 0: 'zero' },
  },
};

function say(error: SchemaError): string {
  const { check, level, path, message, hint } = schemaFinding(error, root);
  return `${level} ${check} ${formatFieldPath(path)}: ${message}${hint === undefined ? '' : ` | ${hint}`}`;
}

describe('an error of the schema', () => {
  it.each<[SchemaError, string]>([
    [
      { keyword: 'type', instancePath: '/spec/a', params: { type: 'object' } },
      'Error WrongType spec.a: must be a map, but is the text "text"',
    ],
    [
      { keyword: 'type', instancePath: '/spec/a', params: { type: 'array' } },
      'Error WrongType spec.a: must be a list, but is the text "text" | Begin each item with a dash, even when there is only one.',
    ],
    [
      { keyword: 'type', instancePath: '/spec/n', params: { type: 'string' } },
      'Error WrongType spec.n: must be text, but is the number 7 | Put it in quotes: "7".',
    ],
    [
      { keyword: 'type', instancePath: '/spec/number', params: { type: 'integer' } },
      'Error WrongType spec.number: must be a whole number, but is the text "12" | Remove the quotes.',
    ],
    [
      { keyword: 'type', instancePath: '/spec/flag', params: { type: 'boolean' } },
      'Error WrongType spec.flag: must be true or false, but is the text "true" | Remove the quotes.',
    ],
    [
      { keyword: 'type', instancePath: '/spec/list', params: { type: 'object' } },
      'Error WrongType spec.list: must be a map, but is a list | Remove the dashes.',
    ],
    [
      { keyword: 'type', instancePath: '/spec/list/1/a~1b~0c', params: { type: 'string' } },
      'Error WrongType spec.list[1]["a/b~c"]: must be text, but is empty (null)',
    ],
    [
      { keyword: 'type', instancePath: '/spec/deep/0', params: { type: 'number' } },
      'Error WrongType spec.deep["0"]: must be a number, but is the text "zero"',
    ],
    [
      { keyword: 'x-mesh-int-or-string', instancePath: '/spec/map', params: {} },
      'Error WrongType spec.map: must be a whole number or text, but is a map',
    ],
    [
      {
        keyword: 'x-mesh-closed',
        instancePath: '/spec',
        params: { field: 'hsots', allowed: ['hosts', 'http'] },
      },
      'Error UnknownField spec.hsots: unknown field "hsots" | Did you mean "hosts"?',
    ],
    [
      {
        keyword: 'x-mesh-closed',
        instancePath: '/spec',
        params: { field: 'zzz', allowed: ['hosts', 'http'] },
      },
      'Error UnknownField spec.zzz: unknown field "zzz" | Known here: hosts, http.',
    ],
    [
      { keyword: 'x-mesh-closed', instancePath: '', params: { field: 'spce', allowed: ['spec'] } },
      'Error UnknownField spce: unknown field "spce" | Did you mean "spec"?',
    ],
    [
      { keyword: 'x-mesh-closed', instancePath: '/spec', params: { field: 'a', allowed: [] } },
      'Error UnknownField spec.a: unknown field "a" | No fields are allowed here.',
    ],
    [
      { keyword: 'required', instancePath: '/spec', params: { missingProperty: 'hosts' } },
      'Error MissingField spec.hosts: the field "hosts" is required',
    ],
    [
      {
        keyword: 'x-mesh-exclusive',
        instancePath: '/spec',
        params: { fields: ['a', 'b', 'c'], present: ['a', 'n'] },
      },
      'Error ExclusiveFields spec.n: only one of "a", "b" or "c" may be set, but "a" and "n" are',
    ],
    [
      { keyword: 'x-mesh-one-of', instancePath: '/spec', params: { fields: ['x', 'y'], present: [] } },
      'Error MissingField spec: one of "x" or "y" must be set',
    ],
    [
      {
        keyword: 'x-mesh-one-of',
        instancePath: '/spec',
        params: { fields: ['a', 'n'], present: ['a', 'n'] },
      },
      'Error ExclusiveFields spec.n: only one of "a" or "n" may be set, but "a" and "n" are',
    ],
    [
      { keyword: 'deprecated', instancePath: '/spec/a', params: { hint: 'Use b.' } },
      'Warning DeprecatedField spec.a: the field "a" is deprecated | Use b.',
    ],
    [
      { keyword: 'x-mesh-enum', instancePath: '/spec/a', params: { allowed: ['TEXT', 'OTHER'] } },
      'Error InvalidValue spec.a: "text" is not one of TEXT, OTHER | Did you mean TEXT?',
    ],
    [
      { keyword: 'pattern', instancePath: '/spec/a', params: { pattern: '^x$' } },
      'Error InvalidValue spec.a: "text" does not match the pattern ^x$',
    ],
    [
      { keyword: 'format', instancePath: '/spec/a', params: { format: 'duration' } },
      'Error InvalidValue spec.a: "text" is not a duration | Write numbers with units, as 1h30m, 5s or 100ms.',
    ],
    [
      { keyword: 'maxItems', instancePath: '/spec/list', params: { limit: 1 } },
      'Error TooMany spec.list: the list has 2 items, more than the 1 allowed',
    ],
    [
      { keyword: 'minItems', instancePath: '/spec/list', params: { limit: 1 } },
      'Error InvalidValue spec.list: the list must not be empty',
    ],
    [
      { keyword: 'maxProperties', instancePath: '/spec/map', params: { limit: 0 } },
      'Error TooMany spec.map: the map has 1 entries, more than the 0 allowed',
    ],
    [
      { keyword: 'minLength', instancePath: '/spec/a', params: { limit: 1 } },
      'Error InvalidValue spec.a: the text must not be empty',
    ],
    [
      { keyword: 'maxLength', instancePath: '/spec/a', params: { limit: 3 } },
      'Error TooMany spec.a: the text has more than 3 characters',
    ],
    [
      { keyword: 'minimum', instancePath: '/spec/n', params: { limit: 8, comparison: '>=' } },
      'Error InvalidValue spec.n: 7 is less than 8, the least allowed',
    ],
    [
      { keyword: 'maximum', instancePath: '/spec/n', params: { limit: 6, comparison: '<=' } },
      'Error InvalidValue spec.n: 7 is more than 6, the most allowed',
    ],
    [
      {
        keyword: 'x-mesh-unique',
        instancePath: '/spec/list',
        params: { first: 0, second: 1, keys: ['name'] },
      },
      'Error InvalidValue spec.list[1]: items 0 and 1 of the list are equal in "name" | Remove one of the two.',
    ],
  ])('%j', (error, expected) => {
    expect(say(error)).toBe(expected);
  });

  it('shows long values shortened, on one line', () => {
    const error: SchemaError = { keyword: 'pattern', instancePath: '/spec/a', params: { pattern: 'x' } };
    const { message, path } = schemaFinding(error, { spec: { a: `line\n${'x'.repeat(1000)}` } });
    expect(path satisfies FieldPath).toEqual(['spec', 'a']);
    expect(message.length).toBeLessThan(130);
    expect(message).not.toContain('\n');
  });
});
