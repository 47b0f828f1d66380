/**
 * Help texts are golden files in `golden/`. To refresh them after a wanted change:
 * `npx vitest run test/cli/help.test.ts -u`, and remove those that the last test names.
 */

import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { COMMANDS, GROUPS } from '../../src/cli/generated/commands.ts';
import { allFlags } from '../../src/cli/global-flags.ts';
import { parseInvocation } from '../../src/cli/parser.ts';
import { resolveCommand } from '../../src/cli/resolve.ts';
import { NO_SETTINGS } from '../../src/cli/settings.ts';
import { runMesh } from './run-mesh.ts';

const goldenName = (path: readonly string[]): string => `${['mesh', ...path].join('-')}.txt`;
const paths = [[], ...GROUPS.map(({ path }) => path), ...COMMANDS.map(({ path }) => path)];

describe('help', () => {
  test.for(paths.map((path) => ({ name: ['mesh', ...path].join(' '), path })))(
    '$name --help shows the text of its golden file',
    async ({ path }) => {
      const { code, stdout, stderr } = await runMesh([...path, '--help']);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      await expect(stdout).toMatchFileSnapshot(`golden/${goldenName(path)}`);
    },
  );

  test('each golden file is the help of a command', () => {
    const files = readdirSync(new URL('golden', import.meta.url));
    expect(files.toSorted()).toEqual(paths.map(goldenName).toSorted());
  });

  test('mesh alone shows the same as mesh --help, and is no error', async () => {
    const [alone, asked] = [await runMesh([]), await runMesh(['--help'])];
    expect(alone).toEqual(asked);
    expect(alone.code).toBe(0);
  });

  test('mesh help COMMAND shows the same as mesh COMMAND --help', async () => {
    expect(await runMesh(['help', 'analyze'])).toEqual(await runMesh(['analyze', '--help']));
    expect(await runMesh(['help', 'x', 'config'])).toEqual(await runMesh(['experimental', 'config', '-h']));
    expect(await runMesh(['help'])).toEqual(await runMesh([]));
  });

  test('no line of a help text is wider than 110 columns', async () => {
    for (const path of paths) {
      const { stdout } = await runMesh([...path, '-h']);
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(110);
    }
  });

  test.for(COMMANDS.map((entry) => ({ name: entry.path.join(' '), entry })))(
    '$name says what it does, gives an example that it would parse, and lists its exit codes',
    async ({ entry }) => {
      const { metadata } = await entry.load();
      expect(metadata.summary).toMatch(/^[A-Z].*[^.]$/);
      expect(metadata.description).toMatch(/\.$/);
      expect(metadata.examples.length).toBeGreaterThan(0);
      expect(Object.keys(metadata.exitCodes)).toContain('0');
      for (const { text, command } of metadata.examples) {
        expect(text).not.toBe('');
        const words = exampleWords(command);
        const resolved = resolveCommand(words, COMMANDS, GROUPS);
        if (resolved.kind === 'group') throw new Error(`"${command}" names no command`);
        const { metadata: used } = await resolved.entry.load();
        parseInvocation(used, allFlags(used.flags), resolved.rest, NO_SETTINGS);
      }
      for (const [flag, spec] of Object.entries(metadata.flags)) {
        expect(spec.description, `--${flag}`).toMatch(/^[A-Z].*[^.]$/);
      }
    },
  );

  test('mesh options lists hidden flags of istioctl too', async () => {
    const { stdout } = await runMesh(['options']);
    expect(stdout).toContain('--log_output_level');
    expect(stdout).toContain('--as-group');
  });
});

/** The words behind `mesh` in a line of shell, as far as its end, a pipe or a redirection. */
function exampleWords(line: string): readonly string[] {
  const text = /\bmesh (.*)/.exec(line)?.[1] ?? '';
  const words = [...text.matchAll(/"([^"]*)"|([^\s"|>)]+)|([|>)])/g)];
  const end = words.findIndex((match) => match[3] !== undefined);
  return words.slice(0, end < 0 ? words.length : end).map((match) => match[1] ?? match[2] ?? '');
}
