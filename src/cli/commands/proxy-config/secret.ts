/** `mesh proxy-config secret`: certificates of a proxy. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import { DUMP_EXIT_CODES, DUMP_FLAGS, FORMAT_FLAG, PROXY_ARG } from '../../proxy-config/flags.ts';

export const metadata = {
  path: ['proxy-config', 'secret'],
  aliases: ['secrets', 's'],
  summary: 'Show the certificates of a proxy',
  description:
    'Lists the certificates that a proxy presents and trusts, and whether they hold today. Private keys are never shown.',
  examples: [
    { text: 'Of a pod', command: 'mesh proxy-config secret web-5d8f.shop' },
    { text: 'From a saved dump', command: 'mesh proxy-config secret -f config_dump.json -o json' },
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
  const { readConfigDump } = await import('../../proxy-config/source.ts');
  const query = '?mask=dynamic_active_secrets,dynamic_warming_secrets';
  const dump = await readConfigDump('secret', query, invocation, context);
  if (flags.output === 'short') {
    const { secretTable } = await import('../../proxy-config/secrets.ts');
    context.stdout.write(secretTable(dump, context.now()));
  } else {
    const { writeMessage } = await import('../../proxy-config/write.ts');
    const section = dump.section('SecretsConfigDump');
    await writeMessage(section, 'envoy.admin.v3.SecretsConfigDump', flags.output, context);
  }
  return 0;
}
