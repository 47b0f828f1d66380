/** The command line from end to end: finding commands, errors, colour, version. */

import { describe, expect, test } from 'vitest';
import { wantsColour } from '../../src/cli/context.ts';
import { formatError } from '../../src/cli/error-text.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { MeshError } from '../../src/base/mesh-error.ts';
import { Capture, runMesh } from './run-mesh.ts';

describe('finding the command', () => {
  test.for([
    [['verison'], 'unknown command "verison" for "mesh"', 'Did you mean "mesh version"?'],
    [['x', 'analyse'], 'unknown command "analyse" for "mesh experimental"', 'mesh experimental --help'],
    [['qqqq'], 'unknown command "qqqq" for "mesh"', 'Run "mesh --help" for the list of commands.'],
    [['authz', 'check'], 'unknown command "authz" for "mesh"', 'is "mesh experimental authz"'],
    [
      ['x', 'revision', 'tag'],
      'unknown command "tag" for "mesh experimental revision"',
      'mesh experimental revision --help',
    ],
    [
      ['experimental', 'config', 'lits'],
      'unknown command "lits"',
      'Did you mean "mesh experimental config list"?',
    ],
  ] as const)('%j is refused with the nearest name and exit code 2', async ([argv, message, hint]) => {
    const { code, stdout, stderr } = await runMesh(argv);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`Error: ${message}`);
    expect(stderr).toContain(hint);
  });

  test('a file is named, also when its name is a part of another word', async () => {
    const { stderr } = await runMesh(['manifest', 'generate', '-f', 'x']);
    expect(stderr).toMatch(/^Error: x: cannot be read: it does not exist$/m);
  });

  test('flags of every command may stand before the command', async () => {
    const { code, stdout } = await runMesh([
      '-n',
      'shop',
      '--color=never',
      '--context',
      'version',
      'version',
      '-o',
      'json',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('clientVersion.version');
  });

  test('experimental, x and exp lead to the same commands, also to those that have left the group', async () => {
    const asked = await runMesh(['analyze', '--list-analyzers']);
    for (const word of ['experimental', 'x', 'exp']) {
      expect(await runMesh([word, 'analyze', '--list-analyzers'])).toEqual(asked);
    }
  });

  test('--version alone is the command version', async () => {
    expect(await runMesh(['--version'])).toEqual(await runMesh(['version']));
    expect((await runMesh(['validate', '--version'])).code).toBe(2);
  });

  test('v is validate', async () => {
    expect(await runMesh(['v', '--help'])).toEqual(await runMesh(['validate', '--help']));
  });

  test("flags of istioctl's own logging are accepted", async () => {
    const { code, stderr } = await runMesh([
      'version',
      '--log_output_level',
      'all:debug',
      '--vklog=9',
      '--log_as_json',
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });
});

describe('errors', () => {
  test('have their place, a message and a hint, and no stack', () => {
    const where = { file: 'a.yaml', line: 3, column: 5, object: 'Gateway shop/g', field: 'spec' };
    const error = new MeshError('Any', 'is wrong', { where, hint: 'Mend it.' });
    expect(formatError(error, false)).toBe('Error: a.yaml:3:5: Gateway shop/g: spec: is wrong\n  Mend it.\n');
  });

  test('have their stack and their cause with --verbose', () => {
    const text = formatError(new MeshError('Any', 'is wrong', { cause: new TypeError('deep down') }), true);
    expect(text).toContain('main.test.ts');
    expect(text).toContain('Caused by: TypeError: deep down');
  });

  test('a fault of mesh itself says so, and how to report it', () => {
    const text = formatError(new TypeError('x is not a function'), false);
    expect(text).toContain('fault of mesh itself: x is not a function');
    expect(text).toContain('--verbose');
    expect(text).not.toContain('main.test.ts');
  });

  test('--verbose shows stacks of errors of a run', async () => {
    const { stderr } = await runMesh(['validate', 'no-such-file.yaml', '--verbose']);
    expect(stderr).toMatch(/\n {4}at /);
    expect((await runMesh(['validate', 'no-such-file.yaml'])).stderr).not.toMatch(/\n {4}at /);
  });

  test('exit with 2 for wrong usage and with 1 for all else', () => {
    expect(exitCodeOf('UnknownFlag')).toBe(2);
    expect(exitCodeOf('BadSetting')).toBe(2);
    expect(exitCodeOf('FileNotFound')).toBe(1);
    expect(exitCodeOf('NoSuchCode')).toBe(1);
  });
});

describe('colour', () => {
  const table: [string, string, Record<string, string>, boolean, boolean][] = [
    ['a terminal is coloured', 'auto', {}, true, true],
    ['a file is not', 'auto', {}, false, false],
    ['a dumb terminal is not', 'auto', { TERM: 'dumb' }, true, false],
    ['NO_COLOR takes it away', 'auto', { NO_COLOR: '1' }, true, false],
    ['an empty NO_COLOR does not', 'auto', { NO_COLOR: '' }, true, true],
    ['FORCE_COLOR gives it', 'auto', { FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
    ['FORCE_COLOR=0 takes it away', 'auto', { FORCE_COLOR: '0' }, true, false],
    ['--color wins over NO_COLOR', 'always', { NO_COLOR: '1' }, false, true],
    ['--color=true is --color=always', 'true', {}, false, true],
    ['--color=false wins over FORCE_COLOR', 'false', { FORCE_COLOR: '1' }, true, false],
  ];
  test.for(table)('%s', ([, choice, env, isTTY, expected]) => {
    expect(wantsColour(choice, env, new Capture(isTTY))).toBe(expected);
  });
});

describe('version', () => {
  test('says the version in one line', async () => {
    const { stdout } = await runMesh(['version']);
    expect(stdout).toMatch(/^client version: \d+\.\d+\.\d+\S*\n$/);
    expect((await runMesh(['version', '--remote=false'])).stdout).toBe(stdout);
    expect((await runMesh(['version', '--short'])).stdout).toBe(stdout);
  });

  test('says what it runs on with --short=false', async () => {
    expect((await runMesh(['version', '--short=false'])).stdout).toContain(process.version);
  });

  test('notes that the control plane cannot be asked, which is no failure', async () => {
    const { code, stdout, stderr } = await runMesh(['version', '--kubeconfig', '/no/such/file']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^client version: .*\n$/);
    expect(stderr).toMatch(/^Note: the control plane is not shown: \/no\/such\/file: there is no such file/);
  });
});
