/** What the words of a command line mean. */

import { describe, expect, test } from 'vitest';
import { MeshError } from '../../src/base/mesh-error.ts';
import type { FlagSpecs } from '../../src/cli/command.ts';
import { parseInvocation } from '../../src/cli/parser.ts';
import { NO_SETTINGS } from '../../src/cli/settings.ts';

const FLAGS: FlagSpecs = {
  'use-kube': { type: 'boolean', short: 'k', description: 'A' },
  all: { type: 'boolean', short: 'A', description: 'B' },
  output: { type: 'string', short: 'o', default: 'log', values: ['log', 'json'], description: 'C' },
  color: { type: 'string', default: 'auto', bare: 'always', description: 'D' },
  filename: { type: 'strings', short: 'f', commas: true, description: 'E' },
  suppress: { type: 'strings', short: 'S', description: 'F' },
  port: { type: 'integer', default: 80, description: 'G' },
  timeout: { type: 'duration', default: '30s', description: 'H' },
  meshConfigFile: { type: 'string', description: 'I' },
};
const COMMAND = {
  path: ['test'],
  args: [{ name: 'FILE', description: 'a file', optional: true, repeated: true }],
};

const parse = (...words: string[]): ReturnType<typeof parseInvocation> =>
  parseInvocation(COMMAND, FLAGS, words, NO_SETTINGS);

describe('words that are understood', () => {
  const table: [string, string[], Record<string, unknown>, string[]][] = [
    ['a long flag', ['--output', 'json'], { output: 'json' }, []],
    ['a long flag with =', ['--output=json'], { output: 'json' }, []],
    ['a short flag', ['-o', 'json'], { output: 'json' }, []],
    ['a short flag with =, as pflag has it', ['-o=json'], { output: 'json' }, []],
    ['a short flag with the value on it', ['-ojson'], { output: 'json' }, []],
    ['a value in other letters', ['-o', 'JSON'], { output: 'json' }, []],
    ['a truth', ['-k'], { 'use-kube': true }, []],
    ['a truth that is denied', ['--use-kube=false'], { 'use-kube': false }, []],
    ['a short truth that is denied', ['-k=f'], { 'use-kube': false }, []],
    ['a truth with no- before it', ['--no-use-kube'], { 'use-kube': false }, []],
    ['a truth leaves the next word alone', ['--use-kube', 'false'], { 'use-kube': true }, ['false']],
    ['short flags in one word', ['-Ak', 'x'], { all: true, 'use-kube': true }, ['x']],
    ['short flags of which the last has a value', ['-ASx=y'], { all: true, suppress: ['x=y'] }, []],
    ['a repeated flag', ['-S', 'a', '--suppress', 'b,c'], { suppress: ['a', 'b,c'] }, []],
    ['a list with commas', ['-f', 'a,b', '-f', 'c'], { filename: ['a', 'b', 'c'] }, []],
    ['a flag that may stand alone', ['--color', 'x'], { color: 'always' }, ['x']],
    ['a flag that may stand alone, with a value', ['--color=never'], { color: 'never' }, []],
    ['a number', ['--port', '-1'], { port: -1 }, []],
    ['a duration', ['--timeout', '1m30s'], { timeout: '1m30s' }, []],
    ['another spelling of a name', ['--mesh-config-file', 'm'], { meshConfigFile: 'm' }, []],
    ['a value that looks like a flag', ['-S', '--all'], { suppress: ['--all'], all: false }, []],
    ['standard input', ['-'], {}, ['-']],
    ['the last of two', ['-o', 'json', '-o', 'log'], { output: 'log' }, []],
    ['flags after arguments', ['a', '-A', 'b'], { all: true }, ['a', 'b']],
    ['arguments after --', ['-A', '--', '-k', '--nope'], { all: true, 'use-kube': false }, ['-k', '--nope']],
  ];
  test.for(table)('%s', ([, words, flags, args]) => {
    const invocation = parse(...words);
    expect(invocation.flags).toMatchObject(flags);
    expect(invocation.args).toEqual(args);
  });

  test('flags that nobody set have their defaults, and are not among the given ones', () => {
    const { flags, given } = parse('-A');
    expect(flags).toEqual({
      'use-kube': false,
      all: true,
      output: 'log',
      color: 'auto',
      filename: [],
      suppress: [],
      port: 80,
      timeout: '30s',
      meshConfigFile: undefined,
    });
    expect([...given]).toEqual(['all']);
  });
});

describe('words that are refused', () => {
  const table: [string[], string, RegExp, RegExp][] = [
    [['--ouput', 'json'], 'UnknownFlag', /unknown flag --ouput for "mesh test"/, /Did you mean --output\?/],
    [['--zzz'], 'UnknownFlag', /--zzz/, /mesh test --help/],
    [['-z'], 'UnknownFlag', /unknown flag -z/, /mesh test --help/],
    [['-Az'], 'UnknownFlag', /unknown flag -z/, /mesh test --help/],
    [['-o'], 'BadFlagValue', /--output needs a value/, /log, json/],
    [['--meshConfigFile'], 'BadFlagValue', /--meshConfigFile needs a value/, /--meshConfigFile VALUE/],
    [
      ['-o', 'jsno'],
      'BadFlagValue',
      /--output is "jsno", but must be one of log, json/,
      /Did you mean json\?/,
    ],
    [['--use-kube=maybe'], 'BadFlagValue', /must be true or false/, /^$/],
    [['--port', 'x'], 'BadFlagValue', /must be a whole number/, /^$/],
    [['--timeout', '5'], 'BadFlagValue', /must be a duration such as 30s/, /^$/],
  ];
  test.for(table)('%j', ([words, code, message, hint]) => {
    const error = errorOf(() => parse(...words));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.hint ?? '').toMatch(hint);
  });

  test('an argument too many, one too few, and one that is not in the list', () => {
    const shell = {
      path: ['completion'],
      args: [{ name: 'SHELL', description: 'The shell', values: ['bash', 'zsh'] }],
    };
    const run = (...words: string[]) => errorOf(() => parseInvocation(shell, FLAGS, words, NO_SETTINGS));
    expect(run()).toMatchObject({
      code: 'MissingArgument',
      message: '"mesh completion" needs SHELL: The shell',
    });
    expect(run('bash', 'zsh')).toMatchObject({ code: 'UnexpectedArgument' });
    expect(run('bahs')).toMatchObject({ code: 'BadArgument', hint: 'Did you mean bash?' });
  });
});

function errorOf(action: () => unknown): MeshError {
  try {
    action();
  } catch (error) {
    if (error instanceof MeshError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
