/** The reference pages. */

import { describe, expect, test } from 'vitest';
import { referenceIndex, referencePage } from '../../src/codegen/reference.ts';
import { lampSchema } from './sample.ts';

const text = { type: 'string', description: 'A text.' } as const;

describe('referencePage', () => {
  test('opens with what the kind is', () => {
    expect(referencePage(lampSchema({}, { header: { legacy: 'Torches took its place.' } }))).toContain(`# Lamp

A lamp and what it shines on.

**Gone from today's Istio.** Torches took its place.

| | |
| --- | --- |
| Group | \`light.example\` |
| Versions | \`v1\`, \`v1alpha1\` (deprecated) |
| Scope | Namespaced |
| Plural | \`lamps\` |
| Short names | \`lp\` |

\`v1alpha1\`: Use v1 instead.
`);
  });

  test('has a row for each field, with links to the definitions', () => {
    const page = referencePage(
      lampSchema(
        {
          width: { type: 'integer', description: 'Left | right.', default: 3, 'x-mesh-unit': 'degrees' },
          mode: { ...text, enum: ['On', 'Off'], deprecated: true, 'x-mesh-deprecated': 'Use width.' },
          beams: { type: 'array', description: 'Beams.', items: { $ref: '#/$defs/Beam' } },
          inline: {
            type: 'array',
            description: 'Things.',
            items: { type: 'object', properties: { at: text } },
          },
        },
        {
          spec: { required: ['width'], 'x-mesh-exclusive': [['mode', 'beams']] },
          defs: { Beam: { type: 'object', description: 'A beam.', properties: { at: text } } },
        },
      ),
    );
    expect(page).toContain(`## LampSpec

What the lamp does.

At most one of \`mode\`, \`beams\` may be set.

| Field | Type | Required | Default | Unit | Description |
| --- | --- | --- | --- | --- | --- |
| \`width\` | integer | yes | \`3\` | degrees | Left \\| right. |
| \`mode\` | string |  |  |  | A text. One of \`On\`, \`Off\`. **Deprecated.** Use width. |
| \`beams\` | list of [Beam](#beam) |  |  |  | Beams. |
| \`inline\` | list of object |  |  |  | Things. |
| \`inline[].at\` | string |  |  |  | A text. |

## Beam
`);
  });
});

test('the index leads to every kind, by group', () => {
  const schema = lampSchema({});
  const index = referenceIndex([{ path: '', folder: 'light.example', key: 'light.example/Lamp', schema }]);
  expect(index).toContain('## light.example\n');
  expect(index).toContain('| [Lamp](light.example/Lamp.md) | v1, v1alpha1 | A lamp and what it shines on. |');
});
