/** `mesh experimental describe pod`. */

import type { CommandMetadata, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import { DESCRIBE_FLAGS } from '../../../describe/flags.ts';
import type { GlobalFlags } from '../../../global-flags.ts';

export const metadata = {
  path: ['experimental', 'describe', 'pod'],
  aliases: [],
  summary: 'Tell what of the configuration concerns a pod',
  description:
    'Shows the services that select the pod, the DestinationRules and VirtualServices that lead to it, which subsets it is in, and the policies that hold for it.',
  examples: [
    { text: 'A pod', command: 'mesh experimental describe pod web-5d8f.shop' },
    {
      text: 'A Deployment of files that are not applied yet',
      command: 'mesh experimental describe pod deploy/web.shop -f manifests/',
    },
  ],
  args: [{ name: 'POD', description: 'Pod or workload; .NAMESPACE may follow', complete: 'pods' }],
  flags: DESCRIBE_FLAGS,
  exitCodes: { 0: 'It was described', 1: 'It is not there, or cannot be read', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<GlobalFlags & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const { runDescribe } = await import('../../../describe/run-describe.ts');
  return runDescribe('pod', args[0] ?? '', flags, context);
}
