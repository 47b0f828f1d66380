/** The list of `mesh proxy-status`. */

import { ageText } from '../../base/age-text.ts';
import { MeshError } from '../../base/mesh-error.ts';
import { timeoutSignal } from '../cluster.ts';
import type { StatusInvocation } from '../commands/proxy-status.ts';
import type { Context } from '../context.ts';
import { askAll, findControlPlane } from '../control-plane.ts';
import { EXIT } from '../exit-codes.ts';
import { tabwriter } from '../output/tabwriter.ts';
import { type ProxyState, readStates, staleTypes, TYPE_COLUMNS } from './proxy-states.ts';

const PADDING = 5;

/** Prints the list. Returns the exit code. */
export async function listProxies({ flags, given }: StatusInvocation, context: Context): Promise<number> {
  const signal = timeoutSignal(flags.timeout);
  const istiods = await findControlPlane(flags, context, signal);
  const answers = await askAll(istiods, '/debug/syncz', signal);
  const failures = answers.filter((answer) => 'failure' in answer);
  for (const { failure, istiod } of failures) {
    if (failures.length === answers.length) throw failure;
    context.stderr.write(`Note: the proxies of ${istiod.name} are missing: ${failure.message}\n`);
  }
  const wanted = given.has('namespace') ? flags.namespace : undefined;
  const all = answers
    .flatMap((answer) => ('body' in answer ? readStates(answer.body, answer.istiod.name) : []))
    .filter(({ namespace }) => wanted === undefined || namespace === wanted)
    .sort((one, other) => (one.name === other.name ? 0 : one.name < other.name ? -1 : 1));
  const shown = flags.stale ? all.filter((state) => staleTypes(state).length > 0) : all;
  const code = flags.stale && shown.length > 0 ? EXIT.failed : EXIT.ok;
  if (flags.output === 'json') {
    context.stdout.write(`${JSON.stringify(shown, undefined, 2)}\n`);
  } else if (flags.output === 'yaml') {
    const { toYaml } = await import('../output/yaml.ts');
    context.stdout.write(toYaml(shown));
  } else if (flags.stale) {
    if (all.length === 0) context.stderr.write('No proxy is connected\n');
    else if (shown.length === 0) {
      context.stderr.write(`All proxies have the newest configuration (${all.length} of ${all.length})\n`);
    } else context.stdout.write(staleTable(shown, context.now()));
  } else {
    context.stdout.write(flags.layout === 'states' ? stateTable(shown) : typeTable(shown));
  }
  return code;
}

function stateTable(states: readonly ProxyState[]): string {
  const header = ['NAME', 'CLUSTER', ...TYPE_COLUMNS, 'ISTIOD', 'VERSION'];
  const rows = states.map((state) => [
    state.name,
    state.cluster,
    ...TYPE_COLUMNS.map((type) => state.types[type]?.status ?? 'IGNORED'),
    state.istiod,
    state.version,
  ]);
  return tabwriter([header, ...rows], PADDING);
}

function typeTable(states: readonly ProxyState[]): string {
  const rows = states.map(({ name, cluster, istiod, version, types }) => {
    const subscribed = Object.entries(types)
      .filter(([, { status }]) => status !== 'IGNORED')
      .map(([type]) => type)
      .sort((one, other) => place(one) - place(other));
    const list = subscribed.length === 0 ? '0' : `${subscribed.length} (${subscribed.join(',')})`;
    return [name, cluster, istiod, version, list];
  });
  return tabwriter([['NAME', 'CLUSTER', 'ISTIOD', 'VERSION', 'SUBSCRIBED TYPES'], ...rows], PADDING);
}

function place(type: string): number {
  const index = TYPE_COLUMNS.findIndex((one) => one === type);
  return index < 0 ? TYPE_COLUMNS.length : index;
}

function staleTable(states: readonly ProxyState[], now: number): string {
  const rows = states.flatMap((state) =>
    staleTypes(state).map(([type, { status, since, reason = '' }]) => [
      state.name,
      type,
      status,
      since === undefined ? '-' : ageText(now - Date.parse(since)),
      state.istiod,
      reason.replaceAll(/\s+/g, ' '),
    ]),
  );
  return tabwriter([['NAME', 'TYPE', 'STATUS', 'SINCE', 'ISTIOD', 'WHY'], ...rows], PADDING);
}

/** Thrown when a pod is named that no process of the control plane knows. */
export function notConnected(name: string, istiods: readonly string[]): MeshError {
  return new MeshError('NotConnected', `no proxy ${name} is connected to the control plane`, {
    hint: `Asked were ${istiods.join(', ')}. "mesh proxy-status" lists those that are connected.`,
  });
}
