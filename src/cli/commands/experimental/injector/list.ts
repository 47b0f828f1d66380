/** `mesh experimental injector list`: which webhook injects which namespace. */

import type { CommandMetadata, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import type { GlobalFlags } from '../../../global-flags.ts';

export const metadata = {
  path: ['experimental', 'injector', 'list'],
  summary: 'List injected namespaces and who injects them',
  description:
    'Lists the namespaces that are injected, the control plane that does it, and the revisions of the pods there; ' +
    'and the webhooks that inject, with the namespaces that they inject.',
  examples: [
    { text: 'As tables', command: 'mesh experimental injector list' },
    { text: 'For a program', command: 'mesh experimental injector list -o json' },
  ],
  args: [],
  flags: {
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'table',
      values: ['table', 'json', 'yaml'],
      description: 'Format of the list',
    },
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '30s',
      description: 'Longest wait for the cluster',
    },
  },
  exitCodes: { 0: 'They were listed', 1: 'The cluster cannot be asked', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export async function run(
  { flags, given }: Invocation<typeof metadata.flags & GlobalFlags>,
  context: Context,
): Promise<number> {
  const { listInjectors } = await import('../../../list-injectors.ts');
  return listInjectors(flags, given.has('namespace'), context);
}
