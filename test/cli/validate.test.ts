/** `mesh validate` as a command: what it reads, where it writes, how it exits. Rules have tests of their own. */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runMesh } from './run-mesh.ts';
import { tempFolder } from './temp-folder.ts';

const GOOD = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata:
  name: front
  namespace: shop
spec:
  selector: {app: front}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ['*']
`;
const BAD = GOOD.replace('servers:', 'servres:\n  - hosts: [a]\n  servers:');
const LEGACY_LABEL = `apiVersion: apps/v1
kind: Deployment
metadata: {name: pie, namespace: shop}
spec:
  selector: {matchLabels: {app: pie}}
  template:
    metadata: {labels: {app: pie}}
    spec: {containers: [{name: pie, image: pie}]}
`;
const NOT_KUBERNETES = 'replicas: 3\nimage: pie\n';

describe('what validate says', () => {
  test('a valid file is valid, and the exit code 0', async () => {
    const file = join(tempFolder({ 'good.yaml': GOOD }), 'good.yaml');
    expect(await runMesh(['validate', '-f', file])).toEqual({
      code: 0,
      stdout: `"${file}" is valid\n`,
      stderr: '',
    });
  });

  test('an error has file, line, column, code, object, field and hint, and the exit code is 1', async () => {
    const file = join(tempFolder({ 'bad.yaml': BAD }), 'bad.yaml');
    const { code, stdout } = await runMesh(['validate', file]);
    expect(code).toBe(1);
    expect(stdout).toBe(
      `"${file}" is not valid:\n${file}:8:3: Error [MESH1010] (Gateway shop/front) spec.servres: unknown field "servres"\n  Did you mean "servers"?\n`,
    );
  });

  test('a warning leaves the file valid, unless --strict', async () => {
    const file = join(tempFolder({ 'warn.yaml': LEGACY_LABEL }), 'warn.yaml');
    const { code, stdout } = await runMesh(['validate', file]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/" has warnings:\n.*: Warning \[MESH1041\] \(Deployment shop\/pie\)/);
    const strict = await runMesh(['validate', file, '--strict']);
    expect(strict.code).toBe(1);
    expect(strict.stdout).toMatch(/: Error \[MESH1041\]/);
  });

  test('standard input that is valid gives the words of istioctl', async () => {
    expect(await runMesh(['validate', '-f', '-'], { stdin: GOOD })).toEqual({
      code: 0,
      stdout: 'validation succeed\n',
      stderr: '',
    });
  });

  test('a broken document has its place and does not stop the rest', async () => {
    const { code, stdout } = await runMesh(['validate', '-', '-o', 'json'], { stdin: `a: [\n---\n${BAD}` });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([
      { code: 'MESH1001', level: 'Error', origin: '', file: '-' },
      { code: 'MESH1010', line: 10, column: 3, reference: '-:10:3', path: 'spec.servres' },
    ]);
  });

  test('documents that are no Kubernetes objects are counted on standard error, and refused with --strict-files', async () => {
    const loose = await runMesh(['validate', '-'], { stdin: NOT_KUBERNETES });
    expect(loose).toMatchObject({
      code: 0,
      stderr: 'Note: 1 document is no Kubernetes object, and not checked.\n',
    });
    const strict = await runMesh(['validate', '-', '--strict-files'], { stdin: NOT_KUBERNETES });
    expect(strict.code).toBe(1);
    expect(strict.stdout).toContain('[MESH1002]');
    expect(strict.stderr).toBe('Found 1 error (1 file, 0 objects).\n');
  });
});

describe('what validate reads', () => {
  test('arguments, repeated -f, lists with commas and folders, in the order given', async () => {
    const folder = tempFolder({
      'z.yaml': GOOD,
      'a.yaml': BAD,
      'sub/b.yaml': GOOD,
      'sub/c.txt': 'x',
      'd.json': '{}',
    });
    const at = (name: string): string => join(folder, name);
    const { stdout } = await runMesh([
      'v',
      '-f',
      `${at('z.yaml')},${at('a.yaml')}`,
      '-f',
      at('d.json'),
      at('sub'),
    ]);
    const verdicts = stdout.split('\n').filter((line) => line.startsWith('"'));
    expect(verdicts.map((line) => line.slice(folder.length + 2))).toEqual([
      'z.yaml" is valid',
      'a.yaml" is not valid:',
      'd.json" is valid',
      expect.stringMatching(/^sub.b\.yaml" /),
    ]);
  });

  test('a file that is missing is an error that names it', async () => {
    const { code, stdout, stderr } = await runMesh(['validate', 'no-such.yaml']);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('Error: there is no file or folder no-such.yaml');
  });

  test('nothing named is wrong usage, with examples', async () => {
    const { code, stderr } = await runMesh(['validate']);
    expect(code).toBe(2);
    expect(stderr).toContain('you must specify resources by --filename');
    expect(stderr).toContain('mesh validate -f gateway.yaml');
  });
});

test.for(['log', 'json', 'yaml', 'sarif', 'junit', 'github'])(
  'the exit code is the same with -o %s',
  async (format) => {
    const good = await runMesh(['validate', '-', '-o', format], { stdin: GOOD });
    const bad = await runMesh(['validate', '-', '-o', format], { stdin: BAD });
    expect([good.code, bad.code]).toEqual([0, 1]);
    expect(bad.stdout).toContain('MESH1010');
  },
);

test('levels are coloured on terminals only', async () => {
  const coloured = '\u001b[1m\u001b[31mError\u001b[39m\u001b[22m';
  const run = (env: Record<string, string>, isTTY: boolean, ...flags: string[]) =>
    runMesh(['validate', '-', ...flags], { stdin: BAD, env, isTTY });
  expect((await run({}, true)).stdout).toContain(coloured);
  expect((await run({}, false)).stdout).not.toContain('\u001b');
  expect((await run({ NO_COLOR: '1' }, true)).stdout).not.toContain('\u001b');
  expect((await run({}, false, '--color')).stdout).toContain(coloured);
  expect((await run({}, true, '-o', 'json')).stdout).not.toContain('\u001b');
});

test('progress shows on the terminal after a second, and is taken away', async () => {
  const folder = tempFolder({ 'a.yaml': GOOD, 'b.yaml': GOOD, 'c.yaml': GOOD });
  const slow = await runMesh(['validate', folder, '-x=false'], { isTTY: true, times: [0, 500, 1200, 1300] });
  const summary = '✔ No validation issues found (3 files, 3 objects).\n';
  expect(slow.stderr).toBe(`\r\u001b[2KReading file 2 of 3 …\r\u001b[2K${summary}`);
  const quick = await runMesh(['validate', folder], { isTTY: true, times: [0, 1, 2, 3] });
  expect(quick.stderr).not.toContain('Reading');
  const piped = await runMesh(['validate', folder], { times: [0, 5000] });
  expect(piped.stderr).not.toContain('Reading');
});

describe('what validate adds on standard error', () => {
  test('is what was found, in how much, where something was found', async () => {
    const { stderr } = await runMesh(['validate', '-'], { stdin: BAD });
    expect(stderr).toMatch(/^Found 1 error.* \(1 file, 1 object\)\.\n$/);
    expect((await runMesh(['validate', '-', '-o', 'json'], { stdin: BAD })).stderr).toBe('');
  });

  test('is a note where a folder has nothing to read', async () => {
    const folder = tempFolder({ 'readme.md': '# no' });
    const { code, stdout, stderr } = await runMesh(['validate', folder]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toBe(`Note: there are no .yaml, .yml or .json files in ${folder}\n`);
  });

  test('is a note where it waits for somebody to type', async () => {
    const { stderr } = await runMesh(['validate', '-'], { stdin: GOOD, isTTY: true });
    expect(stderr).toContain('end it with Ctrl-D');
  });
});

test('text of the input cannot forge lines or speak to the terminal', async () => {
  const stdin = GOOD.replace('name: front', 'name: "front\\nError: forged\\e[31m"');
  const { stdout } = await runMesh(['validate', '-'], { stdin });
  expect(stdout).not.toContain('\u001b');
  expect(stdout).not.toMatch(/^Error: forged/m);
});
