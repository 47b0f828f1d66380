/** `mesh proxy-config ecds`: filters that a proxy discovers by name. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import { DUMP_EXIT_CODES, DUMP_FLAGS, FORMAT_FLAG, PROXY_ARG } from '../../proxy-config/flags.ts';

export const metadata = {
  path: ['proxy-config', 'ecds'],
  aliases: ['ec'],
  summary: 'Show the filters that a proxy discovers by name',
  description: 'Lists the configurations of filters that a proxy is told apart from its listeners.',
  examples: [
    { text: 'Of a pod', command: 'mesh proxy-config ecds web-5d8f.shop' },
    { text: 'From a saved dump', command: 'mesh proxy-config ecds -f config_dump.json -o yaml' },
  ],
  args: [PROXY_ARG],
  flags: { ...DUMP_FLAGS, ...FORMAT_FLAG },
  exitCodes: DUMP_EXIT_CODES,
} as const satisfies CommandMetadata;

export async function run(
  invocation: Invocation<GlobalFlags & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const { flags } = invocation;
  const [{ ecdsDump, ecdsTable }, { readConfigDump }] = await Promise.all([
    import('../../proxy-config/ecds.ts'),
    import('../../proxy-config/source.ts'),
  ]);
  const dump = await readConfigDump('ecds', '', invocation, context);
  if (flags.output === 'short') {
    context.stdout.write(ecdsTable(dump));
  } else {
    const { writeMessage } = await import('../../proxy-config/write.ts');
    await writeMessage(ecdsDump(dump), 'envoy.admin.v3.EcdsConfigDump', flags.output, context);
  }
  return 0;
}
