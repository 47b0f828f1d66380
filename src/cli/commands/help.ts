/** `mesh help COMMAND`: the same text as `mesh COMMAND --help`. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';

export const metadata = {
  path: ['help'],
  summary: 'Show help about a command',
  description: 'Shows help about a command; without one, the list of commands.',
  examples: [
    { text: 'All commands', command: 'mesh help' },
    { text: 'One command', command: 'mesh help analyze' },
  ],
  args: [
    {
      name: 'COMMAND',
      description: 'The words of the command',
      optional: true,
      repeated: true,
      complete: 'commands',
    },
  ],
  flags: {},
  exitCodes: { 0: 'The help was shown', 2: 'There is no such command' },
} as const satisfies CommandMetadata;

export async function run({ args }: Invocation, { stdout }: Context): Promise<number> {
  const [{ COMMANDS, GROUPS }, { resolveCommand }, { commandHelp, groupHelp }] = await Promise.all([
    import('../generated/commands.ts'),
    import('../resolve.ts'),
    import('../help.ts'),
  ]);
  const resolved = resolveCommand(args, COMMANDS, GROUPS);
  if (resolved.kind === 'group') stdout.write(groupHelp(resolved.path, COMMANDS, GROUPS));
  else stdout.write(commandHelp((await resolved.entry.load()).metadata));
  return 0;
}
