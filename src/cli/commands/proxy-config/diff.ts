/** `mesh proxy-config diff`: what differs between two proxies. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import { ADMIN_PORT_FLAG } from '../../proxy-config/flags.ts';

export const metadata = {
  path: ['proxy-config', 'diff'],
  summary: 'Compare what two proxies are configured with',
  description:
    'Compares clusters, listeners, routes, endpoints and discovered filters of two proxies, each a pod or a saved ' +
    'dump, by name and field. The order of resources, versions and times count for nothing.',
  examples: [
    { text: 'Two pods', command: 'mesh proxy-config diff web-5d8f.shop web-9k2x.shop' },
    { text: 'A pod and an earlier dump', command: 'mesh proxy-config diff before.json deploy/web.shop' },
    { text: 'For scripts', command: 'mesh proxy-config diff before.json after.json -o json' },
  ],
  args: [
    { name: 'A', description: 'File with a dump, - for standard input, or a pod', complete: 'files' },
    { name: 'B', description: 'The same, of the other side', complete: 'files' },
  ],
  flags: {
    ...ADMIN_PORT_FLAG,
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'text',
      values: ['text', 'json', 'yaml'],
      description: 'Format of the differences',
    },
  },
  exitCodes: { 0: 'They are configured alike', 1: 'They differ, or one cannot be read', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<GlobalFlags & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const { diffProxies } = await import('../../proxy-config/diff-proxies.ts');
  return diffProxies(args, flags, context);
}
