/** `mesh proxy-config eds`: the endpoints that a proxy was told of, from its dump. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import {
  DUMP_EXIT_CODES,
  DUMP_FLAGS,
  ENDPOINT_FILTERS,
  FORMAT_FLAG,
  portFlag,
  PROXY_ARG,
} from '../../proxy-config/flags.ts';

export const metadata = {
  path: ['proxy-config', 'eds'],
  aliases: [],
  summary: 'Show the endpoints that a proxy was told of',
  description:
    'Lists the endpoints in the dump of a proxy, with their places. "mesh proxy-config endpoint" shows how they are now.',
  examples: [
    { text: 'Of a pod', command: 'mesh proxy-config eds web-5d8f.shop' },
    { text: 'From a saved dump', command: 'mesh proxy-config eds -f config_dump.json --port 8080' },
  ],
  args: [PROXY_ARG],
  flags: { ...DUMP_FLAGS, ...FORMAT_FLAG, ...ENDPOINT_FILTERS, ...portFlag('endpoints') },
  exitCodes: DUMP_EXIT_CODES,
  hidden: true,
} as const satisfies CommandMetadata;

export async function run(
  invocation: Invocation<GlobalFlags & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const { flags } = invocation;
  const [{ assignmentsOf, edsTable }, { readConfigDump }] = await Promise.all([
    import('../../proxy-config/eds.ts'),
    import('../../proxy-config/source.ts'),
  ]);
  const dump = await readConfigDump('eds', '?include_eds=true', invocation, context);
  if (flags.output === 'short') {
    context.stdout.write(edsTable(dump, flags));
  } else {
    const { writeResources } = await import('../../proxy-config/write.ts');
    const type = 'envoy.config.endpoint.v3.ClusterLoadAssignment';
    await writeResources(assignmentsOf(dump, flags), type, flags.output, context);
  }
  return 0;
}
