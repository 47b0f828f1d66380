/** The statistics of proxies. */

import { MeshError } from '../base/mesh-error.ts';
import type { EnvoyStatsInvocation } from './commands/experimental/envoy-stats.ts';
import type { Context } from './context.ts';
import { proxiesOf } from './proxy-admin.ts';
import { writeData } from './proxy-config/write.ts';

type Flags = EnvoyStatsInvocation['flags'];

/** Where the agent beside the proxy shows all metrics of a pod together. */
const MERGED_PORT = 15_020;

/** Prints them. Returns the exit code. */
export async function envoyStats({ args, flags }: EnvoyStatsInvocation, context: Context): Promise<number> {
  const isMerged = flags.output === 'prom-merged';
  const port = isMerged ? MERGED_PORT : flags['proxy-admin-port'];
  const proxies = await proxiesOf('envoy-stats', args[0], { ...flags, 'proxy-admin-port': port }, context);
  for (const proxy of proxies) {
    const body = await proxy.ask(pathOf(flags));
    if (proxies.length > 1) context.stderr.write(`The result of pod ${proxy.name}:\n`);
    if (flags.output === 'json' || flags.output === 'yaml') {
      await writeData(JSON.parse(body.toString('utf8')), flags.output, context);
    } else {
      context.stdout.write(body.toString('utf8'));
    }
  }
  return 0;
}

function pathOf({ type, output }: Flags): string {
  const isData = output === 'json' || output === 'yaml';
  if (type === 'server') {
    if (output === 'prom' || output === 'prom-merged') return '/stats/prometheus';
    return isData ? '/stats?format=json' : '/stats';
  }
  if (output === 'prom' || output === 'prom-merged') {
    throw new MeshError('BadFlagValue', `--output=${output} shows the whole proxy: it has no --type ${type}`);
  }
  return isData ? '/clusters?format=json' : '/clusters';
}
