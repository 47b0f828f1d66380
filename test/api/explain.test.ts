/** What `mesh explain` says. */

import { describe, expect, test } from 'vitest';
import { explain, formatExplanation } from '../../src/api/explain.ts';
import { lampSchema } from '../codegen/sample.ts';

const text = { type: 'string', description: 'A text.' } as const;
const schema = lampSchema(
  {
    beams: { type: 'array', description: 'Beams that it casts.', items: { $ref: '#/$defs/Beam' } },
    byName: {
      type: 'object',
      description: 'Beams by their names.',
      additionalProperties: { $ref: '#/$defs/Beam' },
    },
    mode: { ...text, enum: ['On', 'Off'], default: 'Off' },
    wait: {
      type: 'integer',
      description: 'A wait.',
      'x-mesh-unit': 'seconds',
      deprecated: true,
      'x-mesh-deprecated': 'Use mode.',
    },
  },
  {
    spec: { required: ['beams'] },
    defs: {
      Beam: {
        type: 'object',
        description: 'One beam.',
        properties: { at: { description: 'Where to.', 'x-kubernetes-int-or-string': true } },
      },
    },
  },
);

describe('explain', () => {
  test('prints a field in the form of kubectl', () => {
    expect(formatExplanation(explain(schema, ['spec']))).toBe(`GROUP:      light.example
KIND:       Lamp
VERSION:    v1

FIELD: spec	<LampSpec>

DESCRIPTION:
    What the lamp does.

FIELDS:
  beams	<[]Beam> -required-
    Beams that it casts.

  byName	<map[string]Beam>
    Beams by their names.

  mode	<string>
  enum: On, Off
  default: Off
    A text.

  wait	<integer>
  unit: seconds
  deprecated: Use mode.
    A wait.

`);
  });

  test('prints all fields below as a tree', () => {
    expect(formatExplanation(explain(schema, [], { recursive: true }))).toContain(`FIELDS:
  apiVersion	<string>
  kind	<string>
  metadata	<Object>
    annotations	<map[string]string>
`);
    expect(formatExplanation(explain(schema, [], { recursive: true }))).toContain(`  spec	<LampSpec>
    beams	<[]Beam> -required-
      at	<int-or-string>
    byName	<map[string]Beam>
      at	<int-or-string>
    mode	<string>
    enum: On, Off
    wait	<integer>
`);
  });

  test.each([[['spec', 'beams', 'at']], [['spec', 'byName', 'at']]])(
    'goes through lists and maps: %j',
    (path) => {
      const found = explain(schema, path);
      expect(found.field).toMatchObject({ name: 'at', type: 'int-or-string' });
      expect(found.fields).toEqual([]);
    },
  );

  test('takes the stored version unless another is named', () => {
    expect(explain(schema, []).version).toBe('v1');
    expect(explain(schema, [], { version: 'v1alpha1' }).version).toBe('v1alpha1');
  });

  test.each([
    [['spec', 'beam'], {}, 'UnknownField', 'Did you mean spec.beams?'],
    [['spec', 'zzz'], {}, 'UnknownField', 'Fields: beams, byName, mode, wait.'],
    [['spec', 'constructor'], {}, 'UnknownField', 'Fields: beams, byName, mode, wait.'],
    [['spec', 'mode', 'x'], {}, 'UnknownField', 'Lamp.spec.mode has no fields.'],
    [[], { version: 'v9' }, 'UnknownVersion', 'Versions: v1, v1alpha1.'],
  ] as const)('refuses %j with %j', (path, options, code, hint) => {
    expect(() => explain(schema, path, options)).toThrow(expect.objectContaining({ code, hint }));
  });

  test('wraps descriptions at 80 columns', () => {
    const long = lampSchema({}, { spec: { description: `${'word '.repeat(40)}end.` } });
    const lines = formatExplanation(explain(long, ['spec'])).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.filter((line) => line.startsWith('    word')).length).toBe(3);
  });
});
