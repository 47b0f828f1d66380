/** `mesh experimental describe service`. */

import type { CommandMetadata, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import { DESCRIBE_FLAGS } from '../../../describe/flags.ts';
import type { GlobalFlags } from '../../../global-flags.ts';

export const metadata = {
  path: ['experimental', 'describe', 'service'],
  aliases: ['svc'],
  summary: 'Tell what of the configuration concerns a service',
  description:
    'Shows the ports of the service, the DestinationRule that holds for it, and the VirtualServices that lead to it.',
  examples: [
    { text: 'A service', command: 'mesh experimental describe service fruits.shop' },
    { text: 'For scripts', command: 'mesh experimental describe service fruits.shop -f manifests/ -o json' },
  ],
  args: [{ name: 'SERVICE', description: 'Service; .NAMESPACE may follow', complete: 'services' }],
  flags: DESCRIBE_FLAGS,
  exitCodes: { 0: 'It was described', 1: 'It is not there, or cannot be read', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<GlobalFlags & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const { runDescribe } = await import('../../../describe/run-describe.ts');
  return runDescribe('service', args[0] ?? '', flags, context);
}
