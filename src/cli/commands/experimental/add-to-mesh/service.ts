/** `mesh experimental add-to-mesh service`: puts the sidecar into the Deployments behind a Service. */

import type { CommandMetadata, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import type { GlobalFlags } from '../../../global-flags.ts';
import { addCommand } from '../../../membership-commands.ts';

export const metadata = addCommand('service') satisfies CommandMetadata;

export async function run(
  invocation: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const { addToMesh } = await import('../../../add-to-mesh.ts');
  return addToMesh('service', invocation, context);
}
