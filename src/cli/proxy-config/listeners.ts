/** `mesh proxy-config listener`. */

import { MeshError } from '../../base/mesh-error.ts';
import { tabwriter } from '../output/tabwriter.ts';
import { compareTexts } from './cluster-name.ts';
import type { ConfigDump } from './dump.ts';
import { field, list, number, text } from './fields.ts';
import { chainsOf, describeDestination, isHttp, isTcp, sendsNowhere } from './filter-chain.ts';
import { describeChainMatch } from './chain-match.ts';
import type { TableOptions } from './printing.ts';
import { chainSource } from './chain-source.ts';

export interface ListenerFilter {
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly type?: string | undefined;
}

export interface ListenerTableOptions extends TableOptions {
  /** A row for each filter chain; else one for each listener. */
  readonly verbose: boolean;
}

const PADDING = 1;

export type ListenerType = 'HTTP' | 'TCP' | 'HTTP+TCP' | 'UNKNOWN';

export function addressOf(listener: unknown): string {
  const address = field(listener, 'address');
  if (field(address, 'socket_address') !== undefined) return text(address, 'socket_address', 'address');
  return text(address, 'pipe', 'path');
}

function additionalAddressesOf(listener: unknown): readonly string[] {
  return list(listener, 'additional_addresses').map((one) =>
    text(one, 'address', 'socket_address', 'address'),
  );
}

export function portOf(listener: unknown): number {
  return number(listener, 'address', 'socket_address', 'port_value');
}

export function typeOf(listener: unknown): ListenerType {
  let http = 0;
  let tcp = 0;
  for (const chain of chainsOf(listener)) {
    for (const filter of list(chain, 'filters')) {
      if (isHttp(filter)) http++;
      else if (isTcp(filter) && !sendsNowhere(filter)) tcp++;
    }
  }
  if (http > 0) return tcp === 0 ? 'HTTP' : 'HTTP+TCP';
  return tcp > 0 ? 'TCP' : 'UNKNOWN';
}

function isWanted(listener: unknown, { address = '', port = 0, type = '' }: ListenerFilter): boolean {
  const addresses = [addressOf(listener), ...additionalAddressesOf(listener)];
  const isAddress = address === '' || addresses.some((one) => one.toLowerCase() === address.toLowerCase());
  const isPort = port === 0 || portOf(listener) === port;
  return isAddress && isPort && (type === '' || typeOf(listener) === type.toUpperCase());
}

/** The listeners that pass the filter, as the dump has them. Throws a `MeshError` when there are none at all. */
export function listenersOf(dump: ConfigDump, filter: ListenerFilter): readonly unknown[] {
  const all: unknown[] = [];
  for (const entry of dump.entries('ListenersConfigDump', 'dynamic_listeners')) {
    const listener = field(entry, 'active_state', 'listener');
    if (listener !== undefined) all.push(listener);
  }
  for (const entry of dump.entries('ListenersConfigDump', 'static_listeners')) {
    const listener = field(entry, 'listener');
    if (listener !== undefined) all.push(listener);
  }
  if (all.length === 0) throw new MeshError('NothingFound', 'no listeners found');
  return all.filter((listener) => isWanted(listener, filter));
}

/** By port, address and type. */
export function compareListeners(one: unknown, other: unknown): number {
  return (
    portOf(one) - portOf(other) ||
    compareTexts(addressOf(one), addressOf(other)) ||
    compareTexts(typeOf(one), typeOf(other))
  );
}

export function listenerTable(
  dump: ConfigDump,
  filter: ListenerFilter,
  { verbose, withType = false, explain = false }: ListenerTableOptions,
): string {
  const header = [
    ...(withType ? ['NAME'] : []),
    'ADDRESSES',
    'PORT',
    ...(verbose ? ['MATCH', 'DESTINATION', ...(explain ? ['SOURCE'] : [])] : ['TYPE']),
  ];
  const rows = listenersOf(dump, filter)
    .toSorted(compareListeners)
    .flatMap((listener) => {
      const start = [
        ...(withType ? [`listener/${text(listener, 'name')}`] : []),
        [addressOf(listener), ...additionalAddressesOf(listener)].join(','),
        String(portOf(listener)),
      ];
      if (!verbose) return [[...start, typeOf(listener)]];
      return chainsOf(listener)
        .map((chain) => ({
          match: describeChainMatch(field(chain, 'filter_chain_match')),
          destination: describeDestination(chain),
          source: explain ? [chainSource(chain)] : [],
        }))
        .sort((one, other) => compareTexts(other.destination, one.destination))
        .map(({ match, destination, source }) => [...start, match, destination, ...source]);
    });
  return tabwriter([header, ...rows], PADDING);
}
