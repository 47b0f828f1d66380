/** `mesh experimental add-to-mesh deployment`: puts the sidecar into a Deployment. */

import type { CommandMetadata, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import type { GlobalFlags } from '../../../global-flags.ts';
import { addCommand } from '../../../membership-commands.ts';

export const metadata = addCommand('deployment') satisfies CommandMetadata;

export async function run(
  invocation: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const { addToMesh } = await import('../../../add-to-mesh.ts');
  return addToMesh('deployment', invocation, context);
}
