/** `mesh experimental check-inject`: whether, and why, a pod is injected. */

import { MeshError } from '../../../base/mesh-error.ts';
import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import { PROXY_ARG } from '../../proxy-config/flags.ts';

export const metadata = {
  path: ['experimental', 'check-inject'],
  summary: 'Say whether a pod gets a sidecar, and why',
  description:
    'Says of each injecting webhook whether it puts a sidecar into a pod, and by which labels of the namespace and ' +
    'the pod that is decided.',
  examples: [
    { text: 'A pod', command: 'mesh experimental check-inject web-6bcc77499f-nqlhz -n shop' },
    { text: 'The first pod of a Deployment', command: 'mesh experimental check-inject deploy/web.shop' },
    { text: 'A pod that had these labels', command: 'mesh experimental check-inject -n shop -l app=web' },
  ],
  args: [PROXY_ARG],
  flags: {
    labels: {
      type: 'string',
      short: 'l',
      value: 'LABELS',
      settable: false,
      description: 'Labels of a pod, in place of one that is there',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'table',
      values: ['table', 'json', 'yaml'],
      description: 'Format of the answer',
    },
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '30s',
      description: 'Longest wait for the cluster',
    },
  },
  exitCodes: {
    0: 'It was said',
    1: 'There is no such pod, or the cluster cannot be asked',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  if ((args[0] === undefined) === (flags.labels === undefined)) {
    throw new MeshError('MissingArgument', 'name either a pod or, with --labels, labels', {
      hint: 'For example: mesh experimental check-inject web-6bcc77499f-nqlhz -n shop',
    });
  }
  const { checkInject } = await import('../../list-injectors.ts');
  return checkInject(args[0], flags, context);
}
