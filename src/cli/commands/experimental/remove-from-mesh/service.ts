/** `mesh experimental remove-from-mesh service`: takes the sidecar out of the Deployments behind a Service. */

import type { CommandMetadata, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import type { GlobalFlags } from '../../../global-flags.ts';
import { removeCommand } from '../../../membership-commands.ts';

export const metadata = removeCommand('service') satisfies CommandMetadata;

export async function run(
  invocation: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const { removeFromMesh } = await import('../../../remove-from-mesh.ts');
  return removeFromMesh('service', invocation, context);
}
