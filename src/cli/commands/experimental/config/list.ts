/** `mesh experimental config list`: what the flags are set to, and by what. */

import type { CommandMetadata, FlagSpecs, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';

export const metadata = {
  path: ['experimental', 'config', 'list'],
  summary: 'List the defaults of flags and where they come from',
  description:
    'Lists the flags that $MESH_* or the configuration file can set, with the value that counts and where it ' +
    'comes from. The file is ~/.mesh/config.yaml, or the one that $MESHCONFIG names.',
  examples: [
    { text: 'What is set?', command: 'mesh experimental config list' },
    { text: 'What would this variable change?', command: 'MESH_OUTPUT=json mesh x config list' },
  ],
  args: [],
  flags: {},
  exitCodes: { 0: 'The list was shown', 2: 'The configuration file is wrong' },
} as const satisfies CommandMetadata;

export async function run(_invocation: Invocation, { stdout, settings }: Context): Promise<number> {
  const [{ COMMAND_SETTINGS }, { GLOBAL_FLAGS }, { formatTable }] = await Promise.all([
    import('../../../generated/settings.ts'),
    import('../../../global-flags.ts'),
    import('../../../output/table.ts'),
  ]);
  const rows: string[][] = [];
  const add = (title: string, command: readonly string[], specs: FlagSpecs): void => {
    for (const [flag, spec] of Object.entries(specs)) {
      if (spec.hidden === true || spec.settable === false) continue;
      const setting = settings.find(flag, command, spec);
      const value = setting === undefined ? defaultText(spec.default) : setting.text;
      rows.push([title === '' ? flag : `${title}.${flag}`, value, setting?.from ?? 'default']);
    }
  };
  add('', [], GLOBAL_FLAGS);
  for (const [command, specs] of Object.entries(COMMAND_SETTINGS)) add(command, command.split(' '), specs);
  stdout.write(formatTable(['FLAG', 'VALUE', 'FROM'], rows));
  return 0;
}

function defaultText(value: unknown): string {
  if (value === undefined) return '';
  return Array.isArray(value) ? value.join(',') : String(value);
}
