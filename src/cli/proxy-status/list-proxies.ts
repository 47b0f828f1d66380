/** The list of `mesh proxy-status`. */

import { MeshError } from '../../base/mesh-error.ts';
import { timeoutSignal } from '../cluster.ts';
import type { StatusInvocation } from '../commands/proxy-status.ts';
import type { Context } from '../context.ts';
import { askAll, findControlPlane } from '../control-plane.ts';
import { EXIT } from '../exit-codes.ts';
import { type ProxyState, readStates, staleTypes } from './proxy-states.ts';
import { statusTable } from './tables.ts';

/** What the control plane says of its proxies at one moment. */
export interface ProxyList {
  /** Those of the namespace that is asked for, or all, by name. */
  readonly all: readonly ProxyState[];
  /** With `--stale` those of them that have not the newest. */
  readonly shown: readonly ProxyState[];
  /** Why some are missing. */
  readonly notes: readonly string[];
}

/** Asks the whole control plane. Throws a `MeshError` when nothing of it answers. */
export async function askProxies(
  { flags, given }: StatusInvocation,
  context: Context,
  signal: AbortSignal,
): Promise<ProxyList> {
  const istiods = await findControlPlane(flags, context, signal);
  const answers = await askAll(istiods, '/debug/syncz', signal);
  const failures = answers.filter((answer) => 'failure' in answer);
  const [first] = failures;
  if (first !== undefined && failures.length === answers.length) throw first.failure;
  const wanted = given.has('namespace') ? flags.namespace : undefined;
  const all = answers
    .flatMap((answer) => ('body' in answer ? readStates(answer.body, answer.istiod.name) : []))
    .filter(({ namespace }) => wanted === undefined || namespace === wanted)
    .sort((one, other) => (one.name === other.name ? 0 : one.name < other.name ? -1 : 1));
  return {
    all,
    shown: flags.stale ? all.filter((state) => staleTypes(state).length > 0) : all,
    notes: failures.map(
      ({ failure, istiod }) => `the proxies of ${istiod.name} are missing: ${failure.message}`,
    ),
  };
}

/** Prints the list. Returns the exit code. */
export async function listProxies(invocation: StatusInvocation, context: Context): Promise<number> {
  const { flags } = invocation;
  const { all, shown, notes } = await askProxies(invocation, context, timeoutSignal(flags.timeout));
  for (const note of notes) context.stderr.write(`Note: ${note}\n`);
  if (flags.output === 'json') {
    context.stdout.write(`${JSON.stringify(shown, undefined, 2)}\n`);
  } else if (flags.output === 'yaml') {
    const { toYaml } = await import('../output/yaml.ts');
    context.stdout.write(toYaml(shown));
  } else if (!flags.stale || shown.length > 0) {
    context.stdout.write(statusTable(shown, flags, context.now()));
  } else {
    context.stderr.write(`${nothingStale(all)}\n`);
  }
  return flags.stale && shown.length > 0 ? EXIT.failed : EXIT.ok;
}

/** What is said when every proxy has the newest. */
export function nothingStale({ length }: readonly ProxyState[]): string {
  if (length === 0) return 'No proxy is connected';
  return `All proxies have the newest configuration (${length} of ${length})`;
}

/** Thrown when a pod is named that no process of the control plane knows. */
export function notConnected(name: string, istiods: readonly string[]): MeshError {
  return new MeshError('NotConnected', `no proxy ${name} is connected to the control plane`, {
    hint: `Asked were ${istiods.join(', ')}. "mesh proxy-status" lists those that are connected.`,
  });
}
