/** `mesh admin log`: how much the control plane writes to its log. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import { CONTROL_PLANE_FLAGS } from '../../control-plane.ts';
import type { GlobalFlags } from '../../global-flags.ts';

export const metadata = {
  path: ['admin', 'log'],
  formerly: [['experimental', 'istiod', 'log']],
  aliases: ['l'],
  summary: 'Show or change the log level of the control plane',
  description:
    'Shows the level of the log of each process of the control plane, or changes it until the process starts again. ' +
    'The log has one level: a scope other than "default" is refused.',
  examples: [
    { text: 'Show the levels', command: 'mesh admin log' },
    { text: 'Say more', command: 'mesh admin log --level debug' },
    { text: 'One process, back to how it was', command: 'mesh admin log istiod-7d8f.istio-system --reset' },
  ],
  args: [
    {
      name: 'POD',
      description: 'Only this pod of the control plane',
      optional: true,
      complete: 'control-plane-pods',
    },
  ],
  flags: {
    level: {
      type: 'string',
      value: 'LEVEL',
      settable: false,
      description: 'New level: debug, info, warn, error or off',
    },
    reset: { type: 'boolean', settable: false, description: 'Set the level to info' },
    'log-reset': { type: 'boolean', hidden: true, settable: false, description: 'The same as --reset' },
    'stack-trace-level': {
      type: 'string',
      hidden: true,
      settable: false,
      description: 'Refused: there is none',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FORMAT',
      default: 'short',
      values: ['short', 'json', 'yaml'],
      description: 'Format of the list',
    },
    ...CONTROL_PLANE_FLAGS,
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '5s',
      description: 'Longest wait for an answer',
    },
  },
  exitCodes: {
    0: 'The levels were shown, or changed',
    1: 'The control plane cannot be asked',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export type AdminLogInvocation = Invocation<GlobalFlags & typeof metadata.flags>;

export async function run(invocation: AdminLogInvocation, context: Context): Promise<number> {
  const { adminLog } = await import('../../admin/log.ts');
  return adminLog(invocation, context);
}
