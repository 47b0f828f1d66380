/** `mesh install`: puts the mesh into a cluster. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';
import {
  APPLY_FLAGS,
  namedByFlags,
  OPERATOR_FLAGS,
  readOperatorFlags,
  writeWarnings,
} from '../operator-flags.ts';

export const metadata = {
  path: ['install'],
  aliases: ['apply'],
  formerly: [
    ['manifest', 'install'],
    ['manifest', 'apply'],
  ],
  summary: 'Install the mesh into a cluster',
  description:
    'Installs what "mesh manifest generate" prints for the same settings. Shows what that changes in the cluster, ' +
    'object by object and field by field, asks, applies it, and waits until all of it runs, with the reasons ' +
    'that the cluster gives when something does not. What belongs to the installation and is no longer wanted is ' +
    'deleted at the end.\n\n' +
    'Interrupted at any moment, the same command run again goes on from what is there. The settings are kept in ' +
    'the cluster, for "mesh upgrade" and "mesh verify-install".',
  examples: [
    { text: 'The profile default', command: 'mesh install' },
    { text: 'Another profile, without a question', command: 'mesh install --set profile=demo -y' },
    { text: 'What would change?', command: 'mesh install -f mesh.yaml --dry-run' },
    { text: 'A second control plane beside the first', command: 'mesh install --revision canary' },
  ],
  args: [],
  flags: {
    ...OPERATOR_FLAGS,
    ...APPLY_FLAGS,
    revision: {
      type: 'string',
      short: 'r',
      value: 'NAME',
      description: 'Name of the control plane beside others',
    },
    verify: {
      type: 'boolean',
      description: 'Verify the installation at the end, as "mesh verify-install" does',
    },
  },
  exitCodes: {
    0: 'All is installed and ready, or would be with --dry-run',
    1: 'A setting is wrong, the cluster refuses something, or it is not ready in time',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export async function run(
  { flags, given }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const [{ renderInstallation }, { packageParts }, { openCluster }, { install }, input] = await Promise.all([
    import('../../install/render.ts'),
    import('../package-parts.ts'),
    import('../cluster.ts'),
    import('../lifecycle/install.ts'),
    readOperatorFlags(flags, context),
  ]);
  const parts = packageParts();
  const rendered = await renderInstallation({ ...input, ...namedByFlags(flags, given) }, parts);
  writeWarnings(rendered.warnings, context);
  const cluster = await openCluster(flags, context);
  const wanted = { ...rendered, version: parts.version };
  const { profile, revision = '', namespace = 'istio-system' } = rendered.spec;
  const beside = revision === '' ? '' : `, revision ${revision},`;
  const code = await install(
    cluster,
    wanted,
    {
      question: `This will install the Lateen ${parts.version} profile "${profile}"${beside} into the namespace ${namespace} of`,
      done: 'Installation',
    },
    flags,
    context,
  );
  if (code !== 0 || flags['dry-run'] || !flags.verify) return code;
  const { verify } = await import('../lifecycle/verify.ts');
  return verify(cluster, wanted, 'log', context);
}
