import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pruneTypes } from '../../src/codegen/prune-types.ts';

const FILES = {
  'index.d.ts': "export { a } from './lib/a.ts';\nexport type B = import('./lib/b.ts').B;\n",
  'lib/a.d.ts': "import type { C } from '../base/c.ts';\nexport declare const a: C;\n",
  'lib/b.d.ts': 'export type B = string;\n',
  'lib/unused.d.ts': "import './a.ts';\nexport {};\n",
  'base/c.d.ts': 'export type C = number;\n',
  'deep/unused/d.d.ts': 'export {};\n',
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesh-types-'));
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

it('only the declarations that the entry leads to stay, and no empty folders', () => {
  pruneTypes(folder, 'index.d.ts');
  const left = readdirSync(folder, { recursive: true }).map((name) => String(name).replaceAll('\\', '/'));
  expect(left.toSorted()).toEqual(['base', 'base/c.d.ts', 'index.d.ts', 'lib', 'lib/a.d.ts', 'lib/b.d.ts']);
});
