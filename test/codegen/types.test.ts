/** The TypeScript types that are made from schemas. */

import { describe, expect, test } from 'vitest';
import { printTypes } from '../../src/codegen/types.ts';
import { lampSchema } from './sample.ts';

const field = { description: 'A field.' };

describe('printTypes', () => {
  test('prints the whole object and a type for each definition, all optional and readonly', () => {
    const code = printTypes(lampSchema({ beam: { type: 'string', description: 'What it casts.' } }));
    expect(code).toContain(`import type { ObjectMetadata } from '../../../metadata.ts';

/** A lamp and what it shines on. */
export type Lamp = {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMetadata;
  readonly spec?: LampSpec;
};

/** What the lamp does. */
export type LampSpec = {
  /** What it casts. */
  readonly beam?: string;
};
`);
  });

  test.each([
    [{ type: 'integer' }, 'number'],
    [{ type: 'boolean' }, 'boolean'],
    [{ 'x-kubernetes-int-or-string': true }, 'number | string'],
    [{ type: 'string', enum: ['a', "b'"] }, `"a" | "b'"`],
    [{ type: 'string', nullable: true }, 'string | null'],
    [{ type: 'array', items: { type: 'string', enum: ['a', 'b'] } }, 'ReadonlyArray<"a" | "b">'],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, 'Readonly<Record<string, number>>'],
    [{ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, 'Readonly<Record<string, unknown>>'],
    [{ 'x-kubernetes-preserve-unknown-fields': true }, 'unknown'],
    [{ $ref: '#/$defs/LampSpec' }, 'LampSpec'],
  ] as const)('prints %j as %s', (node, type) => {
    expect(printTypes(lampSchema({ beam: { ...field, ...node } }))).toContain(`readonly beam?: ${type};\n`);
  });

  test('prints known fields of open objects, and any other', () => {
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;
    const code = printTypes(
      lampSchema({ beam: { ...field, ...open, properties: { 'a-b': { type: 'string', ...field } } } }),
    );
    expect(code).toContain('    readonly "a-b"?: string;\n    readonly [field: string]: unknown;\n');
  });

  test('tells unit, default and deprecation, and lets no description end the comment', () => {
    const node = {
      type: 'integer',
      description: 'A */ trick.',
      default: 3,
      'x-mesh-unit': 'seconds',
    } as const;
    const code = printTypes(
      lampSchema({ beam: { ...node, deprecated: true, 'x-mesh-deprecated': 'Use b.' } }),
    );
    expect(code).toContain(`  /**
   * A *\\/ trick.
   * Unit: seconds.
   * Default: 3.
   * @deprecated Use b.
   */
`);
  });

  test('calls the type of a kind in lower case by its name with a capital', () => {
    expect(printTypes(lampSchema({}, { header: { kind: 'lamp' } }))).toContain('export type Lamp = {');
  });

  test('gives a union where versions have schemas of their own', () => {
    const whole = { type: 'object', description: 'A lamp.', properties: {} } as const;
    const versions = ['V1', 'V2'].map((name) => ({
      name: name.toLowerCase(),
      served: true,
      storage: name === 'V1',
      schema: `#/$defs/${name}`,
    }));
    const code = printTypes(lampSchema({}, { header: { versions }, defs: { V1: whole, V2: whole } }));
    expect(code).toContain('export type Lamp = V1 | V2;');
    expect(code).toContain('export type V1 = {\n  readonly apiVersion?: string;');
  });
});
