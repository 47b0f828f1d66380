/** A small schema for the tests of the generators, and the way to run what they print. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { KindHeader } from '../../src/api/schema.ts';
import type { KindSchema, SchemaNode } from '../../src/api/schema.ts';
import { printRuntime } from '../../src/codegen/validator-runtime.ts';
import { printValidator } from '../../src/codegen/validators.ts';
import type { SchemaError, ValidatorModule } from '../../src/config/generated-contract.ts';

/** The kind `Lamp` of the group `light.example`, with the fields of its spec and the definitions given. */
export function lampSchema(
  fields: Readonly<Record<string, SchemaNode>>,
  more: {
    header?: Partial<KindHeader>;
    spec?: Partial<SchemaNode>;
    defs?: Readonly<Record<string, SchemaNode>>;
  } = {},
): KindSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Lamp',
    description: 'A lamp and what it shines on.',
    'x-mesh': {
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
      ...more.header,
    },
    type: 'object',
    properties: { spec: { $ref: '#/$defs/LampSpec' } },
    $defs: {
      LampSpec: { type: 'object', description: 'What the lamp does.', properties: fields, ...more.spec },
      ...more.defs,
    },
  };
}

/** An object of the kind `Lamp`. */
export function lamp(spec: unknown, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { apiVersion: 'light.example/v1', kind: 'Lamp', metadata: { name: 'desk' }, spec, ...more };
}

/** Loads the validators that are printed for a schema. */
export async function loadValidator(schema: KindSchema): Promise<ValidatorModule> {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-validator-'));
  try {
    writeFiles(folder, {
      'package.json': '{"type":"module"}',
      'runtime.js': printRuntime(),
      'group/Kind.js': printValidator(schema),
    });
    return (await import(pathToFileURL(join(folder, 'group', 'Kind.js')).href)) as ValidatorModule;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the validator of the version finds wrong, in the order found. */
export async function errorsOf(
  schema: KindSchema,
  value: unknown,
  version = 'v1',
): Promise<readonly SchemaError[]> {
  const validate = (await loadValidator(schema)).validatorFor(version);
  return validate(value) ? [] : (validate.errors ?? []);
}

/** Writes files by their paths below a folder. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
