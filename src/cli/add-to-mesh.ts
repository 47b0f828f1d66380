/** What `mesh experimental add-to-mesh` does. */

import { injectText } from '../inject/inject.ts';
import { openCluster, timeoutSignal, type ClusterFlags } from './cluster.ts';
import type { Context } from './context.ts';
import { injectionSettings, type InjectionFlags } from './injection-settings.ts';
import type { Member } from './membership-commands.ts';
import { changeMembership } from './membership.ts';

export interface AddInvocation {
  readonly args: readonly string[];
  readonly flags: ClusterFlags &
    Omit<InjectionFlags, 'use-kube' | 'native-sidecar' | 'operatorFileName'> & { readonly timeout: string };
  readonly given: ReadonlySet<string>;
}

/** Returns the exit code. Throws a `MeshError`. */
export async function addToMesh(
  what: Member,
  { args, flags, given }: AddInvocation,
  context: Context,
): Promise<number> {
  const cluster = await openCluster(flags, context);
  const { injectConfigFile, meshConfigFile, valuesFile } = flags;
  const isAllGiven = [injectConfigFile, meshConfigFile, valuesFile].every((file) => file !== undefined);
  const settings = await injectionSettings(
    {
      ...flags,
      namespace: cluster.namespace,
      operatorFileName: undefined,
      'use-kube': !isAllGiven,
      'native-sidecar': false,
    },
    given,
    [],
    context,
  );
  return changeMembership(
    cluster,
    {
      what,
      name: args[0] ?? '',
      direction: 'add',
      signal: timeoutSignal(flags.timeout),
      rewrite: (text) => injectText(text, settings),
    },
    context,
  );
}
