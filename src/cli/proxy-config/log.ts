/** Reading and changing of the log levels of proxies. */

import { MeshError } from '../../base/mesh-error.ts';
import { nearestName } from '../../base/nearest.ts';
import type { LogInvocation } from '../commands/proxy-config/log.ts';
import type { Context } from '../context.ts';
import { type ProxyAdmin, proxiesOf } from '../proxy-admin.ts';

const LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'];
const DEFAULT_LEVEL = 'warning';

interface LevelChange {
  /** Undefined for all loggers. */
  readonly logger: string | undefined;
  readonly level: string;
}

/** Shows or changes the levels. Returns the exit code. */
export async function proxyLog(invocation: LogInvocation, context: Context): Promise<number> {
  const { args, flags } = invocation;
  const { level, reset } = flags;
  if (reset && level !== undefined) throw usage('--level cannot be combined with --reset');
  const changes = reset ? [{ logger: undefined, level: DEFAULT_LEVEL }] : changesOf(level ?? '');
  for (const proxy of await proxiesOf('log', args[0], flags, context)) {
    const answer = await change(proxy, changes);
    context.stdout.write(`${proxy.name}:\n${answer.trimEnd()}\n`);
  }
  return 0;
}

/** The last answer lists all levels. Loggers are checked against the list, since a proxy passes over unknown ones. */
async function change(proxy: ProxyAdmin, changes: readonly LevelChange[]): Promise<string> {
  let answer = (await proxy.ask('/logging', 'POST')).toString('utf8');
  const known = [...answer.matchAll(/^\s+([\w.-]+):/gm)].map(([, name = '']) => name);
  for (const { logger } of changes) {
    if (logger === undefined || known.includes(logger)) continue;
    const near = nearestName(logger, known);
    throw new MeshError('BadFlagValue', `unrecognized logger name: ${logger}`, {
      hint: near === undefined ? `There are ${known.join(', ')}.` : `Did you mean ${near}?`,
    });
  }
  for (const { logger = 'level', level } of changes) {
    answer = (await proxy.ask(`/logging?${new URLSearchParams({ [logger]: level })}`, 'POST')).toString(
      'utf8',
    );
  }
  return answer;
}

/** `debug`, or `http:debug,router:info`. */
function changesOf(text: string): readonly LevelChange[] {
  return text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const colon = part.search(/[:=]/);
      const word = part.slice(colon + 1).toLowerCase();
      const level = word === 'warn' ? 'warning' : word;
      if (!LEVELS.includes(level)) {
        throw new MeshError('BadFlagValue', `unrecognized logging level: ${word}`, {
          hint: `Levels are ${LEVELS.join(', ')}.`,
        });
      }
      return { logger: colon < 0 ? undefined : part.slice(0, colon), level };
    });
}

function usage(message: string): MeshError {
  return new MeshError('MissingArgument', message, {
    hint: 'Example: mesh proxy-config log deploy/web.shop --level http:debug',
  });
}
