/** The lists that are made from the files of commands. */

import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type CommandUnit, printCommands, printSettings, readCommands } from '../../src/codegen/commands.ts';

const command = (file: string, more: Partial<CommandUnit['metadata']> = {}): CommandUnit => ({
  file,
  metadata: { path: file.split('/'), summary: 'Do it', description: 'Does it.', flags: {}, ...more },
});

describe('the list of commands', () => {
  test('has a row for each file, which loads the file only when asked', () => {
    const { text, problems } = printCommands([
      command('a/b', { aliases: ['c'], formerly: [['d', 'b']] }),
      command('e'),
    ]);
    expect(problems).toEqual([]);
    expect(text).toContain(
      `{"path":["a","b"],"aliases":["c"],"formerly":[["d","b"]],"summary":"Do it","hidden":false,"load":async () => (await import('../commands/a/b.ts')) as CommandModule },`,
    );
    expect(text).not.toMatch(/^import \{/m);
  });

  test('has files called group.ts as groups', () => {
    const group = {
      file: 'a/group',
      metadata: { path: ['a'], summary: 'Things', description: 'All things.' },
    };
    expect(printCommands([group]).text).toContain(
      '{"path":["a"],"aliases":[],"summary":"Things","description":"All things."},',
    );
    expect(printCommands([group]).problems).toEqual([]);
  });

  test.for([
    [
      'a path that is not that of the file',
      [command('a', { path: ['b'] })],
      /a\.ts: its path is "b", but its file says "a"/,
    ],
    ['two commands of one name', [command('a'), command('b', { aliases: ['a'] })], /b\.ts: "a" is also a/],
    [
      'an old path that is taken',
      [command('x/a'), command('b', { formerly: [['x', 'a']] })],
      /b\.ts: "x a" is also x\/a/,
    ],
    [
      'a file without metadata',
      [{ file: 'a', metadata: undefined } as unknown as CommandUnit],
      /a\.ts: exports no "metadata"/,
    ],
  ] as const)('refuses %s', ([, units, problem]) => {
    expect(printCommands(units).problems.join('\n')).toMatch(problem);
  });

  test('of the project has no problems', async () => {
    const units = await readCommands(fileURLToPath(new URL('../..', import.meta.url)));
    expect(printCommands(units).problems).toEqual([]);
    expect(units.map(({ file }) => file)).toContain('validate');
  });
});

test('the list of settings leaves out hidden commands and flags that are for the command line alone', () => {
  const flags = { output: { type: 'string' }, filename: { type: 'strings', settable: false as const } };
  const text = printSettings([command('a', { flags }), command('b', { flags, hidden: true })]);
  expect(text).toContain('"a": {"output":{"type":"string"}},');
  expect(text).not.toContain('filename');
  expect(text).not.toContain('"b"');
});
