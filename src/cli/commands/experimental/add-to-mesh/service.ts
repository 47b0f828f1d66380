/** `mesh experimental add-to-mesh service`: puts the sidecar into the Deployments behind a Service. */

import type { CommandMetadata, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import type { GlobalFlags } from '../../../global-flags.ts';
import { MEMBERSHIP_FLAGS, SIDECAR_FLAGS } from '../../../membership-flags.ts';

export const metadata = {
  path: ['experimental', 'add-to-mesh', 'service'],
  aliases: ['svc'],
  summary: 'Put the sidecar into the Deployments behind a Service',
  description:
    'Puts the sidecar into the Deployments behind a Service, in the cluster, with the settings of the control ' +
    'plane there; its pods are then replaced. What is in the mesh already stays as it is.',
  examples: [
    {
      text: 'Service web of the namespace shop',
      command: 'mesh experimental add-to-mesh service web -n shop',
    },
  ],
  args: [{ name: 'NAME', description: 'Name of the Service', complete: 'services' }],
  flags: { ...SIDECAR_FLAGS, ...MEMBERSHIP_FLAGS },
  exitCodes: { 0: 'It is in the mesh', 1: 'It cannot be', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags, given }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const { addToMesh } = await import('../../../add-to-mesh.ts');
  return addToMesh('service', args[0] ?? '', { flags, given }, context);
}
