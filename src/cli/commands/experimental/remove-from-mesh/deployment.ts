/** `mesh experimental remove-from-mesh deployment`: takes the sidecar out of a Deployment. */

import type { CommandMetadata, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import type { GlobalFlags } from '../../../global-flags.ts';
import { removeCommand } from '../../../membership-commands.ts';

export const metadata = removeCommand('deployment') satisfies CommandMetadata;

export async function run(
  invocation: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const { removeFromMesh } = await import('../../../remove-from-mesh.ts');
  return removeFromMesh('deployment', invocation, context);
}
