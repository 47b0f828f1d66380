/** `mesh experimental envoy-stats`: the statistics of a proxy. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import { ADMIN_PORT_FLAG, PROXY_ARG } from '../../proxy-config/flags.ts';

export const metadata = {
  path: ['experimental', 'envoy-stats'],
  aliases: ['es'],
  summary: 'Show the statistics of a proxy',
  description:
    'Shows what a proxy counts and measures, as its admin interface tells it. prom-merged is what Prometheus ' +
    'scrapes: the metrics of the application besides.',
  examples: [
    { text: 'Of a pod', command: 'mesh experimental envoy-stats web-5d8f.shop' },
    { text: 'For Prometheus', command: 'mesh experimental envoy-stats deploy/web.shop -o prom' },
    {
      text: 'Of its clusters',
      command: 'mesh experimental envoy-stats deploy/web.shop --type clusters -o json',
    },
  ],
  args: [PROXY_ARG],
  flags: {
    type: {
      type: 'string',
      short: 't',
      value: 'TYPE',
      default: 'server',
      values: ['server', 'clusters', 'cluster'],
      description: 'Statistics of the proxy as a whole, or of its clusters',
    },
    selector: {
      type: 'string',
      short: 'l',
      value: 'LABELS',
      settable: false,
      description: 'All pods with these labels in place of one',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'short',
      values: ['short', 'json', 'yaml', 'prom', 'prom-merged'],
      description: 'Format of the statistics',
    },
    ...ADMIN_PORT_FLAG,
  },
  exitCodes: { 0: 'The statistics were shown', 1: 'A proxy cannot be asked', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export type EnvoyStatsInvocation = Invocation<GlobalFlags & typeof metadata.flags>;

export async function run(invocation: EnvoyStatsInvocation, context: Context): Promise<number> {
  const { envoyStats } = await import('../../envoy-stats.ts');
  return envoyStats(invocation, context);
}
