/** `mesh proxy-config all`: everything that a proxy is configured with. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import {
  CLUSTER_FILTERS,
  DUMP_EXIT_CODES,
  DUMP_FLAGS,
  FORMAT_FLAG,
  LISTENER_FILTERS,
  portFlag,
  PROXY_ARG,
  ROUTE_FILTERS,
  ROWS_FLAG,
} from '../../proxy-config/flags.ts';

export const metadata = {
  path: ['proxy-config', 'all'],
  aliases: ['a'],
  summary: 'Show everything that a proxy is configured with',
  description: 'Shows the tables of all the other commands in turn, or the whole dump as json or yaml.',
  examples: [
    {
      text: 'Of a pod, with a title over each table',
      command: 'mesh proxy-config all web-5d8f.shop --with-headers',
    },
    {
      text: 'Save the dump of a pod',
      command: 'mesh proxy-config all deploy/web.shop -o json > config_dump.json',
    },
    { text: 'From a saved dump', command: 'mesh proxy-config all -f config_dump.json' },
  ],
  args: [PROXY_ARG],
  flags: {
    ...DUMP_FLAGS,
    ...FORMAT_FLAG,
    ...ROWS_FLAG,
    'with-headers': { type: 'boolean', description: 'A title over each table' },
    ...CLUSTER_FILTERS,
    ...LISTENER_FILTERS,
    ...ROUTE_FILTERS,
    ...portFlag('clusters, listeners and endpoints'),
  },
  exitCodes: DUMP_EXIT_CODES,
} as const satisfies CommandMetadata;

export async function run(
  invocation: Invocation<Omit<GlobalFlags, 'verbose'> & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const { flags } = invocation;
  const { readConfigDump, readJson } = await import('../../proxy-config/source.ts');
  if (flags.output === 'short') {
    const { fullTables } = await import('../../proxy-config/all.ts');
    const dump = await readConfigDump('all', '?include_eds=true', invocation, context);
    context.stdout.write(fullTables(dump, flags, context.now()));
  } else {
    const { writeData } = await import('../../proxy-config/write.ts');
    const { value } = await readJson('all', '/config_dump?include_eds=true', invocation, context);
    await writeData(value, flags.output, context);
  }
  return 0;
}
