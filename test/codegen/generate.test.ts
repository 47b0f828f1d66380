/** The generator as a whole, in a folder of its own. */

import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { generate } from '../../src/codegen/main.ts';
import { lampSchema, writeFiles } from './sample.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lateen-generate-'));
  writeFiles(root, {
    'schemas/light.example/Lamp.json': JSON.stringify(
      lampSchema({ beam: { type: 'string', description: 'What it casts.' } }),
    ),
    'src/cli/commands/shine.ts':
      "export const metadata = { path: ['shine'], summary: 'Shine', description: 'Shines.', flags: {} };\n",
  });
});
afterEach(() => rmSync(root, { recursive: true }));

async function run(keepGoing = false): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const code = await generate(root, { keepGoing, print: (line) => lines.push(line) });
  return { code, lines };
}

/** Every generated file and its text. */
function snapshot(): Record<string, string> {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter(
      (path) =>
        (path.includes('/generated/') || path.startsWith('dist/')) && statSync(join(root, path)).isFile(),
    );
  return Object.fromEntries(files.toSorted().map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

describe('generate', () => {
  test('makes every output of a kind', async () => {
    expect(await run()).toEqual({ code: 0, lines: [] });
    expect(Object.keys(snapshot())).toEqual([
      'dist/crds/light.example_lamps.json',
      'dist/docs/reference/README.md',
      'dist/docs/reference/light.example/Lamp.md',
      'src/analysis/generated/analyzers.ts',
      'src/api/generated/kind-table.ts',
      'src/api/generated/kind-types.ts',
      'src/api/generated/types/light.example/Lamp.ts',
      'src/cli/generated/commands.ts',
      'src/cli/generated/settings.ts',
      'src/config/generated/cel-rules.ts',
      'src/config/generated/rules.ts',
      'src/config/generated/validators.ts',
      'src/config/generated/validators/light.example/Lamp.d.ts',
      'src/config/generated/validators/light.example/Lamp.js',
      'src/config/generated/validators/runtime.js',
    ]);
  });

  test('gives the same bytes again, and leaves files alone that did not change', async () => {
    await run();
    const before = snapshot();
    const table = join(root, 'src/api/generated/kind-table.ts');
    const written = statSync(table, { bigint: true }).mtimeNs;
    await run();
    expect(snapshot()).toEqual(before);
    expect(statSync(table, { bigint: true }).mtimeNs).toBe(written);
  });

  test('removes what is no longer made, and the folders that are then empty', async () => {
    await run();
    rmSync(join(root, 'schemas/light.example'), { recursive: true });
    await run();
    expect(Object.keys(snapshot()).filter((path) => path.includes('Lamp') || path.includes('lamps'))).toEqual(
      [],
    );
    expect(() => statSync(join(root, 'src/api/generated/types'))).toThrow(/ENOENT/);
  });

  test.each([
    ['{', 'schemas/light.example/Torch.json#: is not JSON'],
    ['{}', 'schemas/light.example/Torch.json#/title: must be the kind'],
  ])('fails on the broken schema %j, names the place and writes nothing', async (text, message) => {
    writeFileSync(join(root, 'schemas/light.example/Torch.json'), text);
    const { code, lines } = await run();
    expect(code).toBe(1);
    expect(lines.join('\n')).toContain(message);
    expect(snapshot()).toEqual({});
  });

  test('leaves broken schemas out with a warning when it is to keep going', async () => {
    writeFileSync(join(root, 'schemas/light.example/Torch.json'), '{');
    const { code, lines } = await run(true);
    expect(code).toBe(0);
    expect(lines).toEqual([
      expect.stringMatching(/^warning: schemas\/light\.example\/Torch\.json#: is not JSON/),
    ]);
    expect(Object.keys(snapshot()).filter((path) => path.includes('Lamp'))).toHaveLength(4);
  });
});
