/** `mesh proxy-status`: whether proxies have the newest configuration. */

import { MeshError } from '../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import { CONTROL_PLANE_FLAGS } from '../control-plane.ts';
import type { GlobalFlags } from '../global-flags.ts';
import { ADMIN_PORT_FLAG } from '../proxy-config/flags.ts';

export const metadata = {
  path: ['proxy-status'],
  aliases: ['ps'],
  formerly: [
    ['experimental', 'proxy-status'],
    ['experimental', 'ps'],
  ],
  summary: 'Show whether proxies have the newest configuration',
  description:
    'Lists the proxies that are connected to the control plane, and for each type of configuration whether the ' +
    'proxy has the newest (SYNCED), has not answered yet (STALE), has refused it (ERROR), has been sent nothing ' +
    '(NOT SENT) or does not ask for it (IGNORED). The control plane is asked; the pods are not.\n\n' +
    'With a pod, compares what its proxy has with what the control plane would send.',
  examples: [
    { text: 'All proxies', command: 'mesh proxy-status' },
    {
      text: 'Those that have not the newest, since when and why; exits with 1 if there are any',
      command: 'mesh proxy-status --stale',
    },
    { text: 'While a change spreads', command: 'mesh proxy-status --watch' },
    { text: 'One proxy, compared with what it should have', command: 'mesh proxy-status deploy/web.shop' },
    { text: 'For scripts', command: 'mesh proxy-status -o json' },
  ],
  args: [
    {
      name: 'POD',
      description: 'Pod to compare, or TYPE/NAME; .NAMESPACE may follow',
      optional: true,
      complete: 'pods',
    },
  ],
  flags: {
    stale: {
      type: 'boolean',
      description: 'Only proxies that have not the newest, with the reason; exit with 1 if there are any',
    },
    watch: {
      type: 'boolean',
      short: 'w',
      settable: false,
      description: 'Go on until Ctrl-C, and show the list anew whenever it changes',
    },
    layout: {
      type: 'string',
      value: 'LAYOUT',
      default: 'states',
      values: ['states', 'types'],
      description: 'A column for the state of each type, or one with the types that are subscribed to',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'table',
      values: ['table', 'json', 'yaml'],
      description: 'Format of the list',
    },
    file: {
      type: 'string',
      short: 'f',
      value: 'FILE',
      settable: false,
      complete: 'files',
      description: 'Saved dump of the proxy to compare, in place of asking it',
    },
    'exit-code': { type: 'boolean', description: 'With a pod: exit with 1 when it has something else' },
    ...CONTROL_PLANE_FLAGS,
    ...ADMIN_PORT_FLAG,
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '5s',
      description: 'Longest wait for an answer of the control plane; what has come by then is shown',
    },
    verbosity: { type: 'integer', hidden: true, description: 'Accepted: 1 shows the state of each type' },
  },
  exitCodes: {
    0: 'The state was shown',
    1: 'The control plane cannot be asked, or --stale or --exit-code found something',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export type StatusInvocation = Invocation<GlobalFlags & typeof metadata.flags>;

export async function run(invocation: StatusInvocation, context: Context): Promise<number> {
  const { args, flags } = invocation;
  if (flags.watch && args.length > 0) {
    throw new MeshError('BadFlagValue', '--watch shows the list of proxies, and takes no pod');
  }
  if (args.length > 0) {
    const { compareProxy } = await import('../proxy-status/compare-proxy.ts');
    return compareProxy(invocation, context);
  }
  if (flags.watch) {
    const { watchProxies } = await import('../proxy-status/watch-proxies.ts');
    return watchProxies(invocation, context);
  }
  const { listProxies } = await import('../proxy-status/list-proxies.ts');
  return listProxies(invocation, context);
}
