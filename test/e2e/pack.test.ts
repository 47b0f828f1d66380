/** The package as npm makes it, installed elsewhere: commands, schemas, and the library with its types. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const onWindows = process.platform === 'win32';

const ROUTE = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: pie, namespace: shop}
spec:
  hosts: [pie]
  http:
  - route:
    - destination: {host: pie}
`;

const CONSUMER = `import { analyze, MeshError, readFiles, validate } from 'lateen';
import type { Diagnostic, Result, ValidateOptions } from 'lateen';

const options: ValidateOptions = { strict: true };
const files = await readFiles([process.argv[2] ?? '']);
const checked: Result = await validate({ files }, options);
const analyzed = await analyze({ files });
const first: Diagnostic | undefined = checked.findings[0];
// @ts-expect-error a code is text: without types this would go unseen
export const wrong: number | undefined = first?.code;
console.log(JSON.stringify([checked.valid, first?.field, analyzed.objects, MeshError.name]));
`;

let folder: string;

/** Runs a program in the folder of the user of the package. Throws with what it printed when it fails. */
function run(program: string, args: readonly string[], cwd = folder): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    shell: onWindows,
  });
  if (error !== undefined) throw error;
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')} exits with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

const mesh = (...args: string[]): string =>
  run(process.execPath, [join('node_modules', 'lateen', 'bin', 'mesh.js'), ...args]);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesh-pack-'));
  // The build before the tests has made `dist`; building again would only take time.
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], root);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  writeFileSync(join(folder, 'package.json'), '{"name": "consumer", "private": true, "type": "module"}\n');
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  run('npm', ['install', ...flags, `./lateen-${version}.tgz`]);
  writeFileSync(join(folder, 'good.yaml'), ROUTE);
  writeFileSync(join(folder, 'bad.yaml'), ROUTE.replace('http:', 'htp:'));
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package, installed elsewhere', () => {
  test('has the command under its name, with its version', () => {
    expect(run(join('node_modules', '.bin', 'mesh'), ['version'])).toMatch(/^client version: \d+\.\d+\.\d+/);
  });

  test('validates and analyzes', () => {
    expect(mesh('validate', 'good.yaml')).toBe('"good.yaml" is valid\n');
    expect(() => mesh('validate', 'bad.yaml')).toThrow(/spec\.htp: unknown field "htp"/);
    expect(mesh('analyze', '--use-kube=false', 'good.yaml', '-o', 'json')).toBe('[]\n');
  });

  test('has the schemas: it explains, prints one, and writes all', () => {
    expect(mesh('explain', 'vs.spec.http.retries')).toMatch(/attempts/);
    expect(JSON.parse(mesh('schema', 'DestinationRule'))).toMatchObject({ type: 'object' });
    mesh('schema', '--all', 'schemas');
    expect(existsSync(join(folder, 'schemas', 'virtualservice-networking.istio.io-v1.json'))).toBe(true);
  });

  test('completes kinds', () => {
    expect(mesh('__complete', 'explain', 'VirtualServ')).toContain('VirtualService');
  });

  test('brings nothing along that only its making needs', () => {
    const list = run('npm', ['ls', '--all', '--parseable']).trim().split('\n');
    const names = list.slice(1).map((line) => line.split(/[\\/]/).at(-1) ?? '');
    // koffi brings its program for this platform.
    const others = names.filter((name) => !name.startsWith('koffi-'));
    expect(others.toSorted()).toEqual(['koffi', 'lateen', 're2js']);
  });

  test('is a library with types', () => {
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'src', 'consumer.ts'), CONSUMER);
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'es2024',
          module: 'nodenext',
          strict: true,
          types: ['node'],
          typeRoots: [join(root, 'node_modules', '@types')],
          rootDir: 'src',
          outDir: 'out',
        },
        files: ['src/consumer.ts'],
      }),
    );
    run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc')]);
    expect(JSON.parse(run(process.execPath, ['out/consumer.js', 'bad.yaml']))).toEqual([
      false,
      'spec.htp',
      1,
      'MeshError',
    ]);
  });
});
