/** `mesh proxy-config cluster`: what requests can be sent to. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import {
  CLUSTER_FILTERS,
  DUMP_EXIT_CODES,
  DUMP_FLAGS,
  EXPLAIN_FLAG,
  FORMAT_FLAG,
  portFlag,
  PROXY_ARG,
} from '../../proxy-config/flags.ts';

export const metadata = {
  path: ['proxy-config', 'cluster'],
  aliases: ['clusters', 'c'],
  summary: 'Show the clusters of a proxy',
  description:
    'Lists the clusters that a proxy can send requests to, with the DestinationRule that shapes each.',
  examples: [
    { text: 'Of a pod', command: 'mesh proxy-config cluster web-5d8f.shop' },
    {
      text: 'Of the first pod of a Deployment, one host',
      command: 'mesh proxy-config cluster deploy/web.shop --fqdn fruits',
    },
    {
      text: 'From a saved dump',
      command: 'mesh proxy-config cluster -f config_dump.json --direction outbound -o json',
    },
  ],
  args: [PROXY_ARG],
  flags: { ...DUMP_FLAGS, ...FORMAT_FLAG, ...EXPLAIN_FLAG, ...CLUSTER_FILTERS, ...portFlag('clusters') },
  exitCodes: DUMP_EXIT_CODES,
} as const satisfies CommandMetadata;

export async function run(
  invocation: Invocation<GlobalFlags & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const { flags } = invocation;
  const [{ clustersOf, clusterTable }, { readConfigDump }] = await Promise.all([
    import('../../proxy-config/clusters.ts'),
    import('../../proxy-config/source.ts'),
  ]);
  const query = '?mask=dynamic_active_clusters,dynamic_warming_clusters,static_clusters';
  const dump = await readConfigDump('cluster', query, invocation, context);
  if (flags.output === 'short') {
    context.stdout.write(clusterTable(dump, flags, flags));
  } else {
    const { writeResources } = await import('../../proxy-config/write.ts');
    await writeResources(clustersOf(dump, flags), 'envoy.config.cluster.v3.Cluster', flags.output, context);
  }
  return 0;
}
