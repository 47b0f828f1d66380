/** `mesh proxy-config bootstrap`: what a proxy was started with. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import { DUMP_EXIT_CODES, DUMP_FLAGS, FORMAT_FLAG, PROXY_ARG } from '../../proxy-config/flags.ts';

export const metadata = {
  path: ['proxy-config', 'bootstrap'],
  aliases: ['b'],
  summary: 'Show what a proxy was started with',
  description: 'Shows the configuration that a proxy was started with, or its versions alone with -o short.',
  examples: [
    { text: 'Of a pod', command: 'mesh proxy-config bootstrap web-5d8f.shop' },
    { text: 'Its versions', command: 'mesh proxy-config bootstrap deploy/web.shop -o short' },
  ],
  args: [PROXY_ARG],
  flags: { ...DUMP_FLAGS, output: { ...FORMAT_FLAG.output, default: 'json' } },
  exitCodes: DUMP_EXIT_CODES,
} as const satisfies CommandMetadata;

export async function run(
  invocation: Invocation<GlobalFlags & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const { flags } = invocation;
  const { readConfigDump } = await import('../../proxy-config/source.ts');
  const dump = await readConfigDump('bootstrap', '?mask=bootstrap', invocation, context);
  if (flags.output === 'short') {
    const { bootstrapTable } = await import('../../proxy-config/bootstrap.ts');
    context.stdout.write(bootstrapTable(dump));
  } else {
    const { writeMessage } = await import('../../proxy-config/write.ts');
    const section = dump.section('BootstrapConfigDump');
    await writeMessage(section, 'envoy.admin.v3.BootstrapConfigDump', flags.output, context);
  }
  return 0;
}
