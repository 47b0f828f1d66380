/** Completion: what `mesh __complete` answers, and that the script for bash makes the right use of it. */

import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { SHELL_SCRIPTS } from '../../src/cli/completion/shell-scripts.ts';
import { KINDS } from '../../src/api/kinds.ts';
import { runMesh } from './run-mesh.ts';

async function complete(...words: string[]): Promise<{ values: string[]; paths: string }> {
  const { code, stdout, stderr } = await runMesh(['__complete', '--', ...words]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.trimEnd().split('\n');
  return { values: lines.slice(0, -1).map((line) => line.split('\t')[0] ?? ''), paths: lines.at(-1) ?? '' };
}

describe('completion of', () => {
  const table: [string, string[], string[], string][] = [
    ['the start of a command', ['versi'], ['version'], ':none'],
    ['the commands of a group', ['experimental', 'config', ''], ['list'], ':none'],
    ['a command below a command', ['route', 'te'], ['test'], ':files'],
    ['no command behind an argument', ['route', 'a.yaml', 'te'], [], ':files'],
    ['a flag', ['analyze', '--output-'], ['--output-threshold'], ':none'],
    ['a flag of every command', ['--istio'], ['--istioNamespace'], ':none'],
    ['a value of a flag', ['analyze', '-o', 'j'], ['json', 'junit'], ':none'],
    ['a value after =', ['validate', '--output=sa'], ['--output=sarif'], ':none'],
    ['a level in other letters', ['analyze', '--failure-threshold', 'w'], ['Warning'], ':none'],
    ['a truth', ['analyze', '--use-kube='], ['--use-kube=true', '--use-kube=false'], ':none'],
    [
      'a code',
      ['analyze', '--only', 'IST010'],
      ['IST0101', 'IST0102', 'IST0103', 'IST0106', 'IST0107', 'IST0108', 'IST0109'],
      ':none',
    ],
    ['a code in a list', ['analyze', '--skip', 'IST0101,IST0102'], ['IST0101,IST0102'], ':none'],
    ['a code to suppress', ['analyze', '-S', 'MESH1010'], ['MESH1010'], ':none'],
    ['an analyzer', ['analyze', '--analyzer', 'gateway.Sec'], ['gateway.SecretAnalyzer'], ':none'],
    ['a file', ['validate', '-f', 'a'], [], ':files'],
    ['a file after =', ['validate', '--filename=a'], [], ':files'],
    ['a file as an argument', ['analyze', '-A', 'b.yaml', ''], [], ':files'],
    ['a folder', ['schema', '--all', ''], [], ':folders'],
    ['a shell', ['completion', ''], ['bash', 'zsh', 'fish', 'powershell'], ':none'],
    ['a kind', ['schema', 'envoyf'], ['EnvoyFilter'], ':none'],
    ['a field', ['explain', 'vs.spec.http.retr'], ['vs.spec.http.retries'], ':none'],
    ['a command to get help on', ['help', 'expl'], ['explain'], ':none'],
    ['flags are not offered after --', ['validate', '--', '--out'], [], ':files'],
    ['nothing after an unknown command', ['nope', ''], [], ':none'],
    ['nothing for an argument too many', ['completion', 'bash', ''], [], ':none'],
    ['nothing for a value that can be anything', ['-n', ''], [], ':none'],
  ];
  test.for(table)('%s', async ([, words, values, paths]) => {
    expect(await complete(...words)).toEqual({ values, paths });
  });

  test('all kinds, and all commands but the hidden ones', async () => {
    expect((await complete('explain', '')).values).toEqual(KINDS.map(({ kind }) => kind));
    const { values } = await complete('');
    expect(values).toContain('analyze');
    expect(values).not.toContain('__complete');
  });

  test('flags leaves out the hidden ones', async () => {
    const { values } = await complete('analyze', '--');
    expect(values).toContain('--suppress');
    expect(values).not.toContain('--recursive');
  });
});

describe('the scripts', () => {
  test.for(Object.keys(SHELL_SCRIPTS))('mesh completion %s prints one that asks mesh', async (shell) => {
    const { stdout } = await runMesh(['completion', shell]);
    expect(stdout).toContain('__complete -- ');
    expect(stdout).not.toContain('@{');
  });

  /** Runs the completion of a line in bash. A function stands in for the program and shows what it was asked. */
  function inBash(reply: string, ...words: string[]): { asked: string; offered: string[] } {
    const script = `${SHELL_SCRIPTS.bash}
mesh() { printf '%s\\n' "$*" >&3; printf -- '${reply}'; }
COMP_WORDS=("$@"); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_mesh
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const result = spawnSync('bash', ['--norc', '-c', script, 'bash', ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    return {
      asked: (result.output[3] ?? '').trim(),
      offered: result.stdout.split('\n').filter((line) => line !== ''),
    };
  }

  test('bash passes the words on, and offers values without their descriptions', () => {
    const run = inBash('version\\tShow the version\\nvalidate\\n:none\\n', 'mesh', '-n', 'shop', 'v');
    expect(run).toEqual({ asked: '__complete -- -n shop v', offered: ['version', 'validate'] });
  });

  test('bash puts words together that it broke at =, and offers what comes after it', () => {
    const run = inBash('--output=json\\n:none\\n', 'mesh', 'version', '--output', '=', 'j');
    expect(run).toEqual({ asked: '__complete -- version --output=j', offered: ['json'] });
  });

  test('bash offers files where they are wanted', () => {
    const folder = new URL('cases', import.meta.url).pathname.replace(/cases$/, 'comple');
    expect(inBash(':files\\n', 'mesh', 'validate', '-f', folder).offered).toEqual([`${folder}tion.test.ts`]);
  });
});
