/** `mesh proxy-config rootca-compare`: whether two pods trust the same certificates. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import { ADMIN_PORT_FLAG } from '../../proxy-config/flags.ts';

export const metadata = {
  path: ['proxy-config', 'rootca-compare'],
  aliases: ['rc'],
  summary: 'Compare the certificates that two pods trust',
  description: 'Tells whether the proxies of two pods trust the same root certificates, and so each other.',
  examples: [
    { text: 'Two pods', command: 'mesh proxy-config rootca-compare web-5d8f.shop fruits-7c6d.farm' },
  ],
  args: [
    { name: 'POD', description: 'Pod, or TYPE/NAME; .NAMESPACE may follow', complete: 'pods' },
    { name: 'POD', description: 'The other one', complete: 'pods' },
  ],
  flags: ADMIN_PORT_FLAG,
  exitCodes: { 0: 'They trust the same', 1: 'They do not, or one cannot be asked', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<GlobalFlags & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const { compareRoots } = await import('../../proxy-config/compare-roots.ts');
  return compareRoots(args, flags, context);
}
