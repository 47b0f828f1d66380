/** `mesh upgrade-check`: what in a configuration an upgrade gives up or changes. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';
import { INPUT_ARGS, INPUT_FLAGS, RECURSIVE_FLAGS, REPORT_FLAGS } from '../input-flags.ts';

export const metadata = {
  path: ['upgrade-check'],
  summary: 'Find what an upgrade gives up in a configuration',
  description:
    'Names what of a configuration the release of this mesh has given up, or will: deprecated fields, versions, ' +
    'annotations and kinds, what is no longer known at all, and, of an IstioOperator, keys that have moved. Each ' +
    'finding says what to use instead.\n\n' +
    'Reads files, and no cluster; or the cluster, when no file is named.',
  examples: [
    { text: 'The manifests of a repository', command: 'mesh upgrade-check manifests/' },
    { text: 'The cluster', command: 'mesh upgrade-check' },
    { text: 'In a review', command: 'mesh upgrade-check -o github manifests/' },
  ],
  args: INPUT_ARGS,
  flags: {
    ...INPUT_FLAGS,
    ...REPORT_FLAGS,
    ...RECURSIVE_FLAGS,
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '30s',
      description: 'Longest wait for a cluster',
    },
  },
  exitCodes: {
    0: 'Nothing is given up',
    1: 'Something is, or the input cannot be read',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export type UpgradeCheckInvocation = Invocation<typeof metadata.flags & GlobalFlags>;

export async function run(invocation: UpgradeCheckInvocation, context: Context): Promise<number> {
  const { upgradeCheck } = await import('../upgrade-check.ts');
  return upgradeCheck(invocation, context);
}
