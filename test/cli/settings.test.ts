/** Defaults of flags from the environment and the configuration file. */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runMesh } from './run-mesh.ts';
import { tempFolder } from './temp-folder.ts';

const isJson = (text: string): boolean => text.startsWith('{');

describe('the environment', () => {
  test('gives defaults of flags', async () => {
    const { stdout } = await runMesh(['version'], { env: { MESH_OUTPUT: 'json' } });
    expect(isJson(stdout)).toBe(true);
  });

  test('yields to the command line', async () => {
    const { stdout } = await runMesh(['version', '-o', 'yaml'], { env: { MESH_OUTPUT: 'json' } });
    expect(stdout).toMatch(/^clientVersion:\n/);
  });

  test('is checked, and named when it is wrong', async () => {
    const { code, stderr } = await runMesh(['version'], { env: { MESH_OUTPUT: 'jsno' } });
    expect(code).toBe(2);
    expect(stderr).toContain('$MESH_OUTPUT is "jsno", but must be one of json, yaml');
  });

  test('counts for nothing when it is empty', async () => {
    expect((await runMesh(['version'], { env: { MESH_OUTPUT: '' } })).code).toBe(0);
  });
});

describe('the configuration file', () => {
  test('is ~/.mesh/config.yaml, and may be missing', async () => {
    const homeDir = tempFolder({ '.mesh/config.yaml': 'version:\n  output: json\n' });
    expect(isJson((await runMesh(['version'], { homeDir })).stdout)).toBe(true);
    expect(isJson((await runMesh(['version'], { homeDir: tempFolder() })).stdout)).toBe(false);
  });

  test('is the one that $MESHCONFIG names, which must exist', async () => {
    const cwd = tempFolder({ 'mine.yaml': 'output: json\n' });
    expect(isJson((await runMesh(['version'], { cwd, env: { MESHCONFIG: 'mine.yaml' } })).stdout)).toBe(true);
    const missing = await runMesh(['version'], { cwd, env: { MESHCONFIG: 'other.yaml' } });
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain('$MESHCONFIG names the file other.yaml, which does not exist');
  });

  test('yields to the environment', async () => {
    const homeDir = tempFolder({ '.mesh/config.yaml': 'output: json\n' });
    const { stdout } = await runMesh(['version'], { homeDir, env: { MESH_OUTPUT: 'yaml' } });
    expect(stdout).toMatch(/^clientVersion:\n/);
  });

  test('may be empty', async () => {
    const homeDir = tempFolder({ '.mesh/config.yaml': '# nothing yet\n' });
    expect((await runMesh(['version'], { homeDir })).code).toBe(0);
  });

  test('may set for one command what other commands do not know', async () => {
    const homeDir = tempFolder({ '.mesh/config.yaml': 'output: sarif\n' });
    expect((await runMesh(['version'], { homeDir })).stdout).toMatch(/^client version:/);
  });

  const mistakes: [string, string, string][] = [
    [
      'an unknown flag',
      'outptu: json\n',
      'config.yaml:1:1: there is no flag "outptu"\n  Did you mean output?',
    ],
    [
      'an unknown flag of a command',
      '\nanalyze:\n  outptu: json\n',
      'config.yaml:3:3: there is no flag "outptu"',
    ],
    [
      'a bad value',
      'istioNamespace: istio\noutput: jsno\n',
      'config.yaml:2:1: output is "jsno", but must be one of',
    ],
    ['a bad truth', 'verbose: maybe\n', 'config.yaml:1:1: verbose is "maybe", but must be true or false'],
    ['a map for a value', 'namespace:\n  a: b\n', 'config.yaml:1:1: namespace must be text'],
    ['a list for the file', '- a\n', 'config.yaml:1:1: the file must be a map'],
    ['broken YAML', 'a: b\n  c: [\n', 'config.yaml:2:'],
    ['a key given twice', 'namespace: a\nnamespace: b\n', 'config.yaml:2:1: '],
    ['a flag that only makes sense on the command line', 'help: true\n', 'there is no flag "help"'],
  ];
  test.for(mistakes)('is refused with the place of %s, whatever command runs', async ([, text, message]) => {
    const homeDir = tempFolder({ '.mesh/config.yaml': text });
    const { code, stderr } = await runMesh(['version'], { homeDir });
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

describe('experimental config list', () => {
  test('shows flag, value and origin', async () => {
    const homeDir = tempFolder({
      '.mesh/config.yaml': 'namespace: shop\nanalyze:\n  only: [IST0101, IST0102]\n',
    });
    const { stdout } = await runMesh(['x', 'config', 'list'], {
      homeDir,
      env: { MESH_ISTIONAMESPACE: 'mesh' },
    });
    const rows = new Map(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/))
        .map(([flag = '', ...rest]) => [flag, rest]),
    );
    const file = join(homeDir, '.mesh', 'config.yaml');
    expect(rows.get('FLAG')).toEqual(['VALUE', 'FROM']);
    expect(rows.get('istioNamespace')).toEqual(['mesh', '$MESH_ISTIONAMESPACE']);
    expect(rows.get('namespace')).toEqual(['shop', `${file}:1:1`]);
    expect(rows.get('analyze.only')).toEqual(['IST0101,IST0102', `${file}:3:3`]);
    expect(rows.get('analyze.failure-threshold')).toEqual(['Error', 'default']);
  });
});
