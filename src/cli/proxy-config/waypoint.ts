/** The chains of a waypoint's listeners, with the matchers that choose among them. */

import { tabwriter } from '../output/tabwriter.ts';
import { describeChainMatch } from './chain-match.ts';
import { compareTexts } from './cluster-name.ts';
import type { ConfigDump } from './dump.ts';
import { field, isObject, list, number, text } from './fields.ts';
import { chainsOf, describeDestination } from './filter-chain.ts';
import { compareListeners, listenersOf } from './listeners.ts';

const PADDING = 1;

export function waypointTable(dump: ConfigDump): string {
  const isInternal = (listener: unknown) => field(listener, 'internal_listener') !== undefined;
  const rows = listenersOf(dump, {})
    .toSorted((one, other) =>
      isInternal(one) && isInternal(other)
        ? compareTexts(text(one, 'name'), text(other, 'name'))
        : compareListeners(one, other),
    )
    .flatMap((listener) => {
      const chains = chainsOf(listener);
      const name = `envoy://${text(listener, 'name')}`;
      const isOnly = isInternal(listener) && chains.length === 1 && text(chains[0], 'name') === name;
      return chains.flatMap((chain) =>
        matchesOf(chain, listener).map((match) => [
          isOnly ? 'internal' : name,
          text(chain, 'name'),
          match,
          describeDestination(chain),
        ]),
      );
    });
  return tabwriter([['LISTENER', 'CHAIN', 'MATCH', 'DESTINATION'], ...rows], PADDING);
}

/** What leads to a chain, one text for each way. */
function matchesOf(chain: unknown, listener: unknown): readonly string[] {
  const matcher = field(listener, 'filter_chain_matcher');
  if (matcher === undefined) return [describeChainMatch(field(chain, 'filter_chain_match'))];
  const name = text(chain, 'name');
  const rest = field(matcher, 'on_no_match');
  if (field(rest, 'action') !== undefined && text(rest, 'action', 'name') === name) return ['UNMATCHED'];
  const found = waysTo(name, field(rest, 'matcher') ?? matcher);
  return found.length === 0 ? ['NONE'] : found;
}

function waysTo(name: string, matcher: unknown): readonly string[] {
  const rest = field(matcher, 'on_no_match');
  if (text(rest, 'action', 'name') === name) return ['ANY'];
  if (field(rest, 'matcher') !== undefined) return waysTo(name, field(rest, 'matcher'));
  const tree = field(matcher, 'matcher_tree');
  const input = text(tree, 'input', 'name');
  return branchesOf(tree).flatMap(({ sign, value, onMatch }) => {
    const step = `${input}${sign}${value}`;
    if (field(onMatch, 'action') !== undefined) return text(onMatch, 'action', 'name') === name ? [step] : [];
    return waysTo(name, field(onMatch, 'matcher')).map((way) => `${step} -> ${way}`);
  });
}

interface Branch {
  readonly sign: '=' | '^';
  readonly value: string;
  readonly onMatch: unknown;
}

function branchesOf(tree: unknown): readonly Branch[] {
  const mapped = (name: string, sign: Branch['sign']): readonly Branch[] => {
    const map = field(tree, name, 'map');
    if (!isObject(map)) return [];
    return Object.entries(map).map(([value, onMatch]) => ({ sign, value, onMatch }));
  };
  const ranges = list(tree, 'custom_match', 'typed_config', 'range_matchers').flatMap((matcher) =>
    list(matcher, 'ranges').map((range): Branch => {
      const length = number(range, 'prefix_len');
      const suffix = length === 32 || length === 128 ? '' : `/${length}`;
      return {
        sign: '=',
        value: `${text(range, 'address_prefix')}${suffix}`,
        onMatch: field(matcher, 'on_match'),
      };
    }),
  );
  return [...mapped('exact_match_map', '='), ...mapped('prefix_match_map', '^'), ...ranges];
}
