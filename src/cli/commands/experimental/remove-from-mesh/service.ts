/** `mesh experimental remove-from-mesh service`: takes the sidecar out of the Deployments behind a Service. */

import type { CommandMetadata, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import type { GlobalFlags } from '../../../global-flags.ts';
import { MEMBERSHIP_FLAGS } from '../../../membership-flags.ts';

export const metadata = {
  path: ['experimental', 'remove-from-mesh', 'service'],
  aliases: ['svc'],
  summary: 'Take the sidecar out of the Deployments behind a Service',
  description:
    'Takes the sidecar out of the Deployments behind a Service, in the cluster; its pods are then replaced. ' +
    'Where the namespace is injected, the pods are marked with sidecar.istio.io/inject=false, so that they get ' +
    'none again.',
  examples: [
    {
      text: 'Service web of the namespace shop',
      command: 'mesh experimental remove-from-mesh service web -n shop',
    },
  ],
  args: [{ name: 'NAME', description: 'Name of the Service', complete: 'services' }],
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
      what: 'service',
      name: args[0] ?? '',
      direction: 'remove',
      signal: timeoutSignal(flags.timeout),
      rewrite: (text) => uninjectText(text),
    },
    context,
  );
}
