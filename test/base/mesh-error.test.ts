import { expect, test } from 'vitest';
import { errorText, MeshError, type MeshErrorOptions } from '../../src/base/mesh-error.ts';

test.each<[string, MeshErrorOptions, string]>([
  ['it is broken', {}, 'Error: it is broken\n'],
  ['it is broken', { hint: 'Mend it.' }, 'Error: it is broken\n  Mend it.\n'],
  [
    'is 0',
    { where: { file: 'a.yaml', line: 3, column: 7, object: 'Service a/b', field: 'spec.ports' } },
    'Error: a.yaml:3:7: Service a/b: spec.ports: is 0\n',
  ],
  ['cannot be read', { where: { file: 'a.yaml' } }, 'Error: a.yaml: cannot be read\n'],
  ['there is no file a.yaml', { where: { file: 'a.yaml' } }, 'Error: there is no file a.yaml\n'],
])('%s with %j reads as a user needs it', (message, options, text) => {
  expect(errorText(new MeshError('Code', message, options))).toBe(text);
});
