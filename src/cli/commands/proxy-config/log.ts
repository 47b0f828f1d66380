/** `mesh proxy-config log`: how much proxies write to their logs. */

import type { CommandMetadata, Invocation } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { GlobalFlags } from '../../global-flags.ts';
import { ADMIN_PORT_FLAG, PROXY_ARG } from '../../proxy-config/flags.ts';

export const metadata = {
  path: ['proxy-config', 'log'],
  aliases: ['o'],
  summary: 'Show or change the log levels of a proxy',
  description:
    'Shows the level of each logger of a proxy, or changes all or some of them until the proxy starts again. ' +
    'Levels are trace, debug, info, warning, error, critical and off.',
  examples: [
    { text: 'Show the levels', command: 'mesh proxy-config log web-5d8f.shop' },
    { text: 'Change some', command: 'mesh proxy-config log deploy/web.shop --level http:debug,router:debug' },
    {
      text: 'All pods with a label, back to how it was',
      command: 'mesh proxy-config log -l app=web --reset',
    },
  ],
  args: [PROXY_ARG],
  flags: {
    level: {
      type: 'string',
      value: 'LEVEL',
      settable: false,
      description: 'A level for all loggers, or LOGGER:LEVEL with commas between several',
    },
    reset: { type: 'boolean', short: 'r', settable: false, description: 'Set all loggers to warning' },
    selector: {
      type: 'string',
      short: 'l',
      value: 'LABELS',
      settable: false,
      description: 'All pods with these labels in place of one',
    },
    ...ADMIN_PORT_FLAG,
    output: { type: 'string', short: 'o', hidden: true, values: ['short'], description: 'Accepted: short' },
  },
  exitCodes: { 0: 'The levels were shown, or changed', 1: 'A proxy cannot be asked', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export type LogInvocation = Invocation<GlobalFlags & typeof metadata.flags>;

export async function run(invocation: LogInvocation, context: Context): Promise<number> {
  const { proxyLog } = await import('../../proxy-config/log.ts');
  return proxyLog(invocation, context);
}
