/** `mesh proxy-config route`: by which rules a proxy sends requests. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import {
  DUMP_EXIT_CODES,
  DUMP_FLAGS,
  EXPLAIN_FLAG,
  FORMAT_FLAG,
  PROXY_ARG,
  ROUTE_FILTERS,
  ROWS_FLAG,
} from '../../proxy-config/flags.ts';

export const metadata = {
  path: ['proxy-config', 'route'],
  aliases: ['routes', 'r'],
  summary: 'Show the routes of a proxy',
  description:
    'Lists the routes by which a proxy sends HTTP requests, with the VirtualService that each comes from.',
  examples: [
    { text: 'Of a pod', command: 'mesh proxy-config route web-5d8f.shop' },
    {
      text: 'One configuration, in full',
      command: 'mesh proxy-config route deploy/web.shop --name 80 -o json',
    },
    {
      text: 'From a saved dump, with the object of each row',
      command: 'mesh proxy-config route -f config_dump.json --explain',
    },
  ],
  args: [PROXY_ARG],
  flags: { ...DUMP_FLAGS, ...FORMAT_FLAG, ...EXPLAIN_FLAG, ...ROWS_FLAG, ...ROUTE_FILTERS },
  exitCodes: DUMP_EXIT_CODES,
} as const satisfies CommandMetadata;

export async function run(
  invocation: Invocation<Omit<GlobalFlags, 'verbose'> & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const { flags } = invocation;
  const [{ routesOf, routeTable }, { readConfigDump }] = await Promise.all([
    import('../../proxy-config/routes.ts'),
    import('../../proxy-config/source.ts'),
  ]);
  const query = '?mask=dynamic_route_configs,static_route_configs';
  const dump = await readConfigDump('route', query, invocation, context);
  if (flags.output === 'short') {
    context.stdout.write(routeTable(dump, flags, flags));
  } else {
    const { writeResources } = await import('../../proxy-config/write.ts');
    await writeResources(
      routesOf(dump, flags),
      'envoy.config.route.v3.RouteConfiguration',
      flags.output,
      context,
    );
  }
  return 0;
}
