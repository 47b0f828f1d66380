/** The tables of `mesh proxy-status`. */

import { ageText } from '../../base/age-text.ts';
import type { StatusInvocation } from '../commands/proxy-status.ts';
import { tabwriter } from '../output/tabwriter.ts';
import { type ProxyState, staleTypes, TYPE_COLUMNS } from './proxy-states.ts';

const PADDING = 5;

/** The table that the flags ask for; `now` is in milliseconds since 1970. */
export function statusTable(
  states: readonly ProxyState[],
  { stale, layout }: Pick<StatusInvocation['flags'], 'stale' | 'layout'>,
  now: number,
): string {
  if (stale) return staleTable(states, now);
  return layout === 'states' ? stateTable(states) : typeTable(states);
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
