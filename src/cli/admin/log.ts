/** Reading and changing of the log level of the control plane. */

import { LOG_LEVELS } from '../../base/log.ts';
import { MeshError } from '../../base/mesh-error.ts';
import { nearestName } from '../../base/nearest.ts';
import { timeoutSignal } from '../cluster.ts';
import type { AdminLogInvocation } from '../commands/admin/log.ts';
import type { Context } from '../context.ts';
import { findControlPlane, type Istiod } from '../control-plane.ts';
import { tabwriter } from '../output/tabwriter.ts';

const DEFAULT_LEVEL = 'info';
const DEFAULT_SCOPE = 'default';
const DESCRIPTION = 'All messages of the controller.';
const PADDING = 3;

interface Shown {
  readonly istiod: string;
  readonly scope_name: string;
  readonly log_level: string;
  readonly description: string;
}

/** Shows or changes the levels. Returns the exit code. */
export async function adminLog({ args, flags }: AdminLogInvocation, context: Context): Promise<number> {
  const level = wantedLevel(flags);
  const signal = timeoutSignal(flags.timeout);
  const all = await findControlPlane(flags, context, signal);
  const shown: Shown[] = [];
  for (const istiod of chosen(all, args[0])) {
    const query = level === undefined ? '' : `?level=${level}`;
    const body = await istiod.ask(`/debug/logging${query}`, signal, 'POST');
    shown.push({
      istiod: istiod.name,
      scope_name: DEFAULT_SCOPE,
      log_level: levelOf(body, istiod.name),
      description: DESCRIPTION,
    });
  }
  if (flags.output === 'json') context.stdout.write(`${JSON.stringify(shown, undefined, 2)}\n`);
  else if (flags.output === 'yaml') {
    const { toYaml } = await import('../output/yaml.ts');
    context.stdout.write(toYaml(shown));
  } else context.stdout.write(table(shown));
  return 0;
}

function table(shown: readonly Shown[]): string {
  const rows = shown.map(({ istiod, scope_name: scope, description, log_level: level }) => [
    istiod,
    scope,
    description,
    level,
  ]);
  return tabwriter([['ISTIOD', 'ACTIVE SCOPE', 'DESCRIPTION', 'LOG LEVEL'], ...rows], PADDING);
}

function chosen(all: readonly Istiod[], pod: string | undefined): readonly Istiod[] {
  if (pod === undefined) return all;
  const name = pod.replace(/^pods?\//, '');
  const found = all.filter((istiod) => istiod.name === name || name.startsWith(`${istiod.name}.`));
  if (found.length > 0) return found;
  throw new MeshError('NothingFound', `there is no pod ${pod} of the control plane`, {
    hint: `There are ${all.map((istiod) => istiod.name).join(', ')}.`,
  });
}

/** Undefined when nothing is to be changed. */
function wantedLevel(flags: AdminLogInvocation['flags']): string | undefined {
  if (flags['stack-trace-level'] !== undefined) {
    throw new MeshError('BadFlagValue', 'the log of this control plane has no levels of stack traces', {
      hint: 'Use --level debug to see more.',
    });
  }
  const isReset = flags.reset || flags['log-reset'];
  if (isReset && flags.level !== undefined) {
    throw new MeshError('BadFlagValue', '--level cannot be combined with --reset');
  }
  if (isReset) return DEFAULT_LEVEL;
  if (flags.level === undefined) return undefined;
  const colon = flags.level.indexOf(':');
  const scope = colon < 0 ? DEFAULT_SCOPE : flags.level.slice(0, colon);
  if (scope !== DEFAULT_SCOPE && scope !== 'all') {
    throw new MeshError('BadFlagValue', `there is no scope "${scope}": the log has one level`, {
      hint: `Write --level ${flags.level.slice(colon + 1)}.`,
    });
  }
  const level = flags.level.slice(colon + 1);
  if ((LOG_LEVELS as readonly string[]).includes(level)) return level;
  const near = nearestName(level, [...LOG_LEVELS]);
  throw new MeshError('BadFlagValue', `"${level}" is no level of the log`, {
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}Levels are ${LOG_LEVELS.join(', ')}.`,
  });
}

function levelOf(body: Buffer, name: string): string {
  try {
    const { level } = JSON.parse(body.toString('utf8')) as { level?: unknown };
    if (typeof level === 'string') return level;
  } catch {
    // Told below.
  }
  throw new MeshError('BadAnswer', `what ${name} answers names no level of the log`);
}
