/** `mesh experimental add-to-mesh deployment`: puts the sidecar into a Deployment. */

import type { CommandMetadata, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import type { GlobalFlags } from '../../../global-flags.ts';
import { MEMBERSHIP_FLAGS, SIDECAR_FLAGS } from '../../../membership-flags.ts';

export const metadata = {
  path: ['experimental', 'add-to-mesh', 'deployment'],
  aliases: ['deploy'],
  summary: 'Put the sidecar into a Deployment',
  description:
    'Puts the sidecar into a Deployment, in the cluster, with the settings of the control ' +
    'plane there; its pods are then replaced. What is in the mesh already stays as it is.',
  examples: [
    {
      text: 'Deployment web of the namespace shop',
      command: 'mesh experimental add-to-mesh deployment web -n shop',
    },
  ],
  args: [{ name: 'NAME', description: 'Name of the Deployment', complete: 'deployments' }],
  flags: { ...SIDECAR_FLAGS, ...MEMBERSHIP_FLAGS },
  exitCodes: { 0: 'It is in the mesh', 1: 'It cannot be', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { args, flags, given }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const { addToMesh } = await import('../../../add-to-mesh.ts');
  return addToMesh('deployment', args[0] ?? '', { flags, given }, context);
}
