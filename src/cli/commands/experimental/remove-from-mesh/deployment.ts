/** `mesh experimental remove-from-mesh deployment`: takes the sidecar out of a Deployment. */

import type { CommandMetadata, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import type { GlobalFlags } from '../../../global-flags.ts';
import { MEMBERSHIP_FLAGS } from '../../../membership-flags.ts';

export const metadata = {
  path: ['experimental', 'remove-from-mesh', 'deployment'],
  aliases: ['deploy'],
  summary: 'Take the sidecar out of a Deployment',
  description:
    'Takes the sidecar out of a Deployment, in the cluster; its pods are then replaced. ' +
    'Where the namespace is injected, the pods are marked with sidecar.istio.io/inject=false, so that they get ' +
    'none again.',
  examples: [
    {
      text: 'Deployment web of the namespace shop',
      command: 'mesh experimental remove-from-mesh deployment web -n shop',
    },
  ],
  args: [{ name: 'NAME', description: 'Name of the Deployment', complete: 'deployments' }],
  flags: MEMBERSHIP_FLAGS,
  exitCodes: { 0: 'It is not in the mesh', 1: 'It cannot be changed', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const [{ openCluster, timeoutSignal }, { changeMembership }, { uninjectText }] = await Promise.all([
    import('../../../cluster.ts'),
    import('../../../membership.ts'),
    import('../../../../inject/inject.ts'),
  ]);
  const cluster = await openCluster(flags, context);
  return changeMembership(
    cluster,
    {
      what: 'deployment',
      name: args[0] ?? '',
      direction: 'remove',
      signal: timeoutSignal(flags.timeout),
      rewrite: (text) => uninjectText(text),
    },
    context,
  );
}
