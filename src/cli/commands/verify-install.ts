/** `mesh verify-install`: whether an installation is as its settings say, and runs. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';
import { OPERATOR_FLAGS } from '../operator-flags.ts';

export const metadata = {
  path: ['verify-install'],
  formerly: [['experimental', 'verify-install']],
  summary: 'Check that an installation is complete and runs',
  description:
    'Compares every object of an installation with what its settings stand for, and looks whether the ' +
    'definitions are established and the Deployments ready. Says of each that is not as it should be what differs ' +
    'or is missing, with the reason that the cluster gives.\n\n' +
    'The settings are those that "mesh install" keeps in the cluster; for what was installed in another way, pass ' +
    'them with -f and --set.',
  examples: [
    { text: 'The installation of this cluster', command: 'mesh verify-install' },
    { text: 'The one of a revision', command: 'mesh verify-install --revision canary' },
    {
      text: 'What "mesh manifest generate -f mesh.yaml | kubectl apply --server-side -f -" has installed',
      command: 'mesh verify-install -f mesh.yaml',
    },
  ],
  args: [],
  flags: {
    ...OPERATOR_FLAGS,
    revision: {
      type: 'string',
      short: 'r',
      value: 'NAME',
      complete: 'revisions',
      description: 'Revision of the control plane',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'log',
      values: ['log', 'json', 'yaml'],
      description: 'Format of the result',
    },
    'enable-verbose': { type: 'boolean', hidden: true, settable: false, description: 'Accepted and ignored' },
  },
  exitCodes: {
    0: 'All is as it should be',
    1: 'Something is missing, different or not ready, or the cluster cannot be asked',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export async function run(
  { flags, given }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const [{ openCluster }, { installedManifest }, { verify }] = await Promise.all([
    import('../cluster.ts'),
    import('../lifecycle/installed-manifest.ts'),
    import('../lifecycle/verify.ts'),
  ]);
  const cluster = await openCluster(flags, context);
  const wanted = await installedManifest(cluster, flags, given, context);
  return verify(cluster, wanted, flags.output, context);
}
