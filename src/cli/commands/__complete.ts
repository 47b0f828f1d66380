/** `mesh __complete -- WORDS`: what the completion scripts of shells ask. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Completer } from '../completion/candidates.ts';
import type { Context } from '../context.ts';

export const metadata = {
  path: ['__complete'],
  summary: 'Complete a command line',
  description:
    'Prints what may come next on a command line: a line for each candidate, its description after a tab, and ' +
    'at the end :files, :folders or :none for what the shell is to offer by itself.',
  examples: [{ text: 'What may follow?', command: 'mesh __complete -- analyze --output ""' }],
  args: [
    {
      name: 'WORD',
      description: 'The words of the line, the one to complete last',
      optional: true,
      repeated: true,
    },
  ],
  flags: {},
  exitCodes: { 0: 'Always' },
  hidden: true,
} as const satisfies CommandMetadata;

export async function run({ args }: Invocation, context: Context): Promise<number> {
  const [{ COMMANDS, GROUPS }, { completeWords }, { candidatesOf }] = await Promise.all([
    import('../generated/commands.ts'),
    import('../completion/candidates.ts'),
    import('../completion/completers.ts'),
  ]);
  const complete: Completer = (name, word, typed) => candidatesOf(name, word, typed, context);
  const tools = { commands: COMMANDS, groups: GROUPS, complete };
  const { candidates, paths } = await completeWords(args, tools);
  const lines = candidates.map(({ value, description }) =>
    description === '' ? value : `${value}\t${description}`,
  );
  context.stdout.write(
    [...lines.map((line) => line.replaceAll(/[\r\n]+/g, ' ')), `:${paths}`, ''].join('\n'),
  );
  return 0;
}
