/** `mesh proxy-config listener`: where a proxy takes connections, and where these go. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import {
  DUMP_EXIT_CODES,
  DUMP_FLAGS,
  EXPLAIN_FLAG,
  FORMAT_FLAG,
  LISTENER_FILTERS,
  portFlag,
  PROXY_ARG,
  ROWS_FLAG,
} from '../../proxy-config/flags.ts';

export const metadata = {
  path: ['proxy-config', 'listener'],
  aliases: ['listeners', 'l'],
  summary: 'Show the listeners of a proxy',
  description:
    'Lists the addresses on which a proxy takes connections, which connections each filter chain takes, and what becomes of them.',
  examples: [
    { text: 'Of a pod', command: 'mesh proxy-config listener web-5d8f.shop' },
    {
      text: 'One port, one row a listener',
      command: 'mesh proxy-config listener deploy/web.shop --port 15006 --verbose=false',
    },
    {
      text: 'From a saved dump',
      command: 'mesh proxy-config listener -f config_dump.json --type HTTP -o yaml',
    },
  ],
  args: [PROXY_ARG],
  flags: {
    ...DUMP_FLAGS,
    ...FORMAT_FLAG,
    ...EXPLAIN_FLAG,
    ...ROWS_FLAG,
    ...LISTENER_FILTERS,
    ...portFlag('listeners'),
    waypoint: {
      type: 'boolean',
      hidden: true,
      description: 'Show the chains of a waypoint with their matchers',
    },
  },
  exitCodes: DUMP_EXIT_CODES,
} as const satisfies CommandMetadata;

export async function run(
  invocation: Invocation<Omit<GlobalFlags, 'verbose'> & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const { flags } = invocation;
  const [{ listenersOf, listenerTable }, { readConfigDump }] = await Promise.all([
    import('../../proxy-config/listeners.ts'),
    import('../../proxy-config/source.ts'),
  ]);
  const query = '?mask=dynamic_listeners,static_listeners';
  const dump = await readConfigDump('listener', query, invocation, context);
  if (flags.waypoint) {
    const { waypointTable } = await import('../../proxy-config/waypoint.ts');
    context.stdout.write(waypointTable(dump));
  } else if (flags.output === 'short') {
    context.stdout.write(listenerTable(dump, flags, flags));
  } else {
    const { writeResources } = await import('../../proxy-config/write.ts');
    await writeResources(
      listenersOf(dump, flags),
      'envoy.config.listener.v3.Listener',
      flags.output,
      context,
    );
  }
  return 0;
}
