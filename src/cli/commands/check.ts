/** `mesh check`: whether the mesh of a cluster is well. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';
import { INPUT_FLAGS } from '../input-flags.ts';

export const metadata = {
  path: ['check'],
  summary: 'Check the health of the mesh in a cluster',
  description:
    'Checks the API server, control planes and gateways, definitions of kinds, webhooks, the data plane, and ' +
    'certificates that end soon, in groups, with a hint for what is not well. What may not be read becomes a ' +
    'warning that names the right.\n\n' +
    'With files (-f) only the certificates in their Secrets and ConfigMaps are checked, and no cluster is asked. ' +
    'Keys are never read.',
  examples: [
    { text: 'Everything', command: 'mesh check' },
    { text: 'Fail on warnings, too', command: 'mesh check --strict -o short' },
    { text: 'Certificates that end within 60 days', command: 'mesh check --cert-days 60' },
    { text: 'The certificates of files', command: 'mesh check --cert-days 60 -f secrets/' },
  ],
  args: [],
  flags: {
    ...INPUT_FLAGS,
    'cert-days': {
      type: 'integer',
      value: 'DAYS',
      default: 30,
      description: 'Fail on certificates that end within so many days',
    },
    strict: { type: 'boolean', description: 'Exit with 1 on warnings, too' },
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'table',
      values: ['table', 'short', 'json', 'yaml'],
      description: 'Format of the result; short shows only what is not well',
    },
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '30s',
      description: 'Longest wait for the cluster',
    },
  },
  exitCodes: {
    0: 'All is well, but for warnings',
    1: 'Something is not, or the cluster cannot be asked',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export async function run(
  { flags }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const { checkCluster, checkFiles } = await import('../health/check.ts');
  if (flags.filename.length > 0) return checkFiles(flags.filename, flags, context);
  return checkCluster(flags, context);
}
