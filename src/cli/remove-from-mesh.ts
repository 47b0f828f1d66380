/** What `mesh experimental remove-from-mesh` does. */

import { uninjectText } from '../inject/inject.ts';
import { type ClusterFlags, openCluster, timeoutSignal } from './cluster.ts';
import type { Context } from './context.ts';
import type { Member } from './membership-commands.ts';
import { changeMembership } from './membership.ts';

export interface RemoveInvocation {
  readonly args: readonly string[];
  readonly flags: ClusterFlags & { readonly timeout: string };
}

/** Returns the exit code. Throws a `MeshError`. */
export async function removeFromMesh(
  what: Member,
  { args, flags }: RemoveInvocation,
  context: Context,
): Promise<number> {
  const change = {
    what,
    name: args[0] ?? '',
    direction: 'remove',
    signal: timeoutSignal(flags.timeout),
    rewrite: (text: string) => uninjectText(text),
  } as const;
  return changeMembership(await openCluster(flags, context), change, context);
}
