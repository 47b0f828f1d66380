/** `mesh proxy-config endpoint`: the endpoints of each cluster, as the proxy sees them now. */

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
  path: ['proxy-config', 'endpoint'],
  aliases: ['endpoints', 'ep'],
  summary: 'Show the endpoints of a proxy and how they are',
  description:
    'Lists the endpoints that a proxy has for each cluster, whether they are healthy, and whether they are left out for failing. A file is what "/clusters?format=json" of the admin interface answers; for a dump of the configuration use "mesh proxy-config eds".',
  examples: [
    { text: 'Of a pod', command: 'mesh proxy-config endpoint web-5d8f.shop' },
    {
      text: 'Of one cluster',
      command:
        "mesh proxy-config endpoint deploy/web.shop --cluster 'outbound|80||fruits.shop.svc.cluster.local'",
    },
    {
      text: 'Those that are not healthy, from a file',
      command: 'mesh proxy-config endpoint -f clusters.json --status UNHEALTHY',
    },
  ],
  args: [PROXY_ARG],
  flags: { ...DUMP_FLAGS, ...FORMAT_FLAG, ...ENDPOINT_FILTERS, ...portFlag('endpoints') },
  exitCodes: DUMP_EXIT_CODES,
} as const satisfies CommandMetadata;

export async function run(
  invocation: Invocation<GlobalFlags & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const { flags } = invocation;
  const [{ clusterStatusesOf, endpointTable, requireClusters }, { readJson }] = await Promise.all([
    import('../../proxy-config/endpoints.ts'),
    import('../../proxy-config/source.ts'),
  ]);
  const { value, origin } = await readJson('endpoint', '/clusters?format=json', invocation, context);
  const answer = requireClusters(value, origin);
  if (flags.output === 'short') {
    context.stdout.write(endpointTable(answer, flags));
  } else {
    const { writeResources } = await import('../../proxy-config/write.ts');
    await writeResources(
      clusterStatusesOf(answer, flags),
      'envoy.admin.v3.ClusterStatus',
      flags.output,
      context,
    );
  }
  return 0;
}
