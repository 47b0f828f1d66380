/** `mesh options`: the flags that every command takes. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';

export const metadata = {
  path: ['options'],
  summary: 'List the flags that every command takes',
  description: 'Lists the flags that every command takes, those too that --help leaves out.',
  examples: [{ text: 'Which flags work everywhere?', command: 'mesh options' }],
  args: [],
  flags: {},
  exitCodes: { 0: 'The list was shown', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(_invocation: Invocation, { stdout }: Context): Promise<number> {
  const { optionsHelp } = await import('../help.ts');
  stdout.write(optionsHelp());
  return 0;
}
