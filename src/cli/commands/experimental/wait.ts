/** `mesh experimental wait`: until a change has reached the proxies. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import { CONTROL_PLANE_FLAGS } from '../../control-plane.ts';
import type { GlobalFlags } from '../../global-flags.ts';

export const metadata = {
  path: ['experimental', 'wait'],
  summary: 'Wait until a change has reached the proxies',
  description:
    'Waits until every process of the control plane has the object as it is in the cluster now, and until proxies ' +
    'have taken all that this changed for them. Then it says how many have.',
  examples: [
    { text: 'A change of a VirtualService', command: 'mesh experimental wait virtualservice fruits.shop' },
    {
      text: 'Until nine of ten proxies have it, for a minute at most',
      command: 'mesh experimental wait virtualservice fruits.shop --threshold 0.9 --timeout 60s',
    },
  ],
  args: [
    { name: 'TYPE', description: 'Kind of the object, such as virtualservice', complete: 'kinds' },
    { name: 'NAME', description: 'Its name; .NAMESPACE may follow' },
  ],
  flags: {
    for: {
      type: 'string',
      value: 'WHAT',
      default: 'distribution',
      values: ['distribution'],
      description: 'What to wait for',
    },
    threshold: {
      type: 'string',
      value: 'SHARE',
      default: '1',
      description: 'Share of the proxies that must have it, from 0 to 1',
    },
    generation: {
      type: 'string',
      value: 'NUMBER',
      settable: false,
      description: 'Generation of the object to wait for; else the one that it has in the cluster now',
    },
    proxy: {
      type: 'string',
      value: 'POD',
      settable: false,
      description: 'Only this proxy counts, as web-5d8f.shop',
    },
    ...CONTROL_PLANE_FLAGS,
    timeout: { type: 'duration', value: 'DURATION', default: '30s', description: 'Longest wait' },
  },
  exitCodes: {
    0: 'The proxies have it',
    1: 'They have not, in time, or nobody can be asked',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export type WaitInvocation = Invocation<GlobalFlags & typeof metadata.flags>;

export async function run(invocation: WaitInvocation, context: Context): Promise<number> {
  const { waitForProxies } = await import('../../wait-for-proxies.ts');
  return waitForProxies(invocation, context);
}
