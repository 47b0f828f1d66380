/** `mesh experimental authz check`: the policies that a proxy enforces. */

import type { CommandMetadata, Invocation } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import type { GlobalFlags } from '../../../global-flags.ts';
import { DUMP_EXIT_CODES, DUMP_FLAGS, FORMAT_FLAG, PROXY_ARG } from '../../../proxy-config/flags.ts';

export const metadata = {
  path: ['experimental', 'authz', 'check'],
  summary: 'Show the AuthorizationPolicies that a proxy enforces',
  description:
    'Reads the configuration of the proxy itself, so that it shows what has reached it: each policy with its action ' +
    'and the number of its rules, in the order in which actions are asked. _anonymous_match_nothing_ stands for ' +
    'filters that let nothing through.',
  examples: [
    { text: 'Of a pod', command: 'mesh experimental authz check web-5d8f.shop' },
    { text: 'From a saved dump', command: 'mesh experimental authz check -f config_dump.json -o json' },
  ],
  args: [PROXY_ARG],
  flags: { ...DUMP_FLAGS, ...FORMAT_FLAG },
  exitCodes: DUMP_EXIT_CODES,
} as const satisfies CommandMetadata;

export async function run(
  invocation: Invocation<GlobalFlags & typeof metadata.flags>,
  context: Context,
): Promise<number> {
  const { flags } = invocation;
  const [{ enforcedPolicies, policyTable }, { readConfigDump }] = await Promise.all([
    import('../../../authz/check.ts'),
    import('../../../proxy-config/source.ts'),
  ]);
  const dump = await readConfigDump('check', '?mask=dynamic_listeners,static_listeners', invocation, context);
  const policies = enforcedPolicies(dump);
  if (flags.output === 'short') {
    context.stdout.write(policyTable(policies));
  } else {
    const { writeData } = await import('../../../proxy-config/write.ts');
    await writeData(policies, flags.output, context);
  }
  return 0;
}
