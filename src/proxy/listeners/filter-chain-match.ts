/**
 * Which filter chain takes a connection. Conditions are asked in a fixed order, and at each the most specific that fits is
 * taken for good: what comes later never makes up for it.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto#config-listener-v3-filterchainmatch
 */

import { type IpAddress, parseIp } from '../../base/cidr.ts';
import {
  type FilterChainMatch,
  FilterChainMatch_ConnectionSourceType as SourceType,
} from '../../xds/proto/generated/envoy/config/listener/v3/listener_components_pb.js';
import type { CidrRange } from '../../xds/proto/generated/envoy/config/core/v3/address_pb.js';
import type { Place } from '../address.ts';
import { InvalidConfigError, refuseFields } from '../config-error.ts';

/** What is known of a connection once the listener filters have run. */
export interface MatchInput {
  readonly local: Place;
  readonly remote: Place;
  readonly directRemote: Place;
  /** In lower case; empty without one. */
  readonly sni: string;
  readonly transportProtocol: string;
  /** As the client offers them. */
  readonly applicationProtocols: readonly string[];
}

export type ChainMatcher<Chain> = (input: MatchInput) => Chain | undefined;

type Ports<Chain> = Map<number, Chain>;
type Sources<Chain> = { readonly [Type in SourceType]: Prefixes<Ports<Chain>> };
type Protocols<Chain> = Map<string, Prefixes<Sources<Chain>>>;
type Transports<Chain> = Map<string, Protocols<Chain>>;
type Names<Chain> = Map<string, Transports<Chain>>;
type Destinations<Chain> = Map<number, Prefixes<Names<Chain>>>;

/**
 * Throws an `InvalidConfigError` for what Envoy refuses too, as two chains for the same connections. The chain without
 * conditions that takes what no other takes (`default_filter_chain`) comes in as `byDefault`.
 */
export function chainMatcher<Chain>(
  chains: readonly {
    readonly field: string;
    readonly match: FilterChainMatch | undefined;
    readonly chain: Chain;
  }[],
  byDefault: Chain | undefined,
): ChainMatcher<Chain> {
  const [only] = chains;
  if (only !== undefined && chains.length === 1 && only.match === undefined) {
    const { chain } = only;
    return () => chain;
  }
  const destinations: Destinations<Chain> = new Map();
  for (const { field, match, chain } of chains) addChain(destinations, field, match, chain);
  return (input) => find(destinations, input) ?? byDefault;
}

function addChain<Chain>(
  destinations: Destinations<Chain>,
  field: string,
  match: FilterChainMatch | undefined,
  chain: Chain,
): void {
  refuseFields(`${field}.filter_chain_match`, {
    address_suffix: match !== undefined && match.addressSuffix !== '',
    suffix_len: match?.suffixLen !== undefined,
  });
  const at = `${field}.filter_chain_match`;
  const names = (match?.serverNames ?? []).map((name) => serverName(at, name));
  const prefixes = blocks(`${at}.prefix_ranges`, match?.prefixRanges);
  const direct = blocks(`${at}.direct_source_prefix_ranges`, match?.directSourcePrefixRanges);
  const sources = blocks(`${at}.source_prefix_ranges`, match?.sourcePrefixRanges);
  const byPort = entry(destinations, match?.destinationPort ?? 0, newPrefixes<Names<Chain>>);
  for (const block of prefixes) {
    const byName = byPort.entry(block, () => new Map());
    for (const name of orNone(names, '')) {
      const byTransport: Transports<Chain> = entry(byName, name, newMap<string, Protocols<Chain>>);
      const byProtocol = entry(
        byTransport,
        match?.transportProtocol ?? '',
        newMap<string, Prefixes<Sources<Chain>>>,
      );
      for (const protocol of orNone(match?.applicationProtocols, '')) {
        const byDirect = entry(byProtocol, protocol, newPrefixes<Sources<Chain>>);
        for (const directBlock of direct) {
          const bySource = byDirect.entry(directBlock, newSources<Chain>)[
            match?.sourceType ?? SourceType.ANY
          ];
          for (const source of sources) {
            const ports = bySource.entry(source, () => new Map());
            for (const port of orNone(match?.sourcePorts, 0)) {
              if (ports.has(port)) {
                throw new InvalidConfigError(at, 'another filter chain has the same conditions');
              }
              ports.set(port, chain);
            }
          }
        }
      }
    }
  }
}

function find<Chain>(destinations: Destinations<Chain>, input: MatchInput): Chain | undefined {
  const port = input.local.kind === 'ip' ? input.local.port : 0;
  const byName = (destinations.get(port) ?? destinations.get(0))?.longest(input.local);
  const byTransport = byName === undefined ? undefined : ofServerName(byName, input.sni);
  const byProtocol = byTransport?.get(input.transportProtocol) ?? byTransport?.get('');
  if (byProtocol === undefined) return undefined;
  const offered = input.applicationProtocols.find((one) => byProtocol.has(one)) ?? '';
  const bySource = byProtocol.get(offered)?.longest(input.directRemote);
  if (bySource === undefined) return undefined;
  const ports = ofSourceType(bySource, input).longest(input.remote);
  const sourcePort = input.remote.kind === 'ip' ? input.remote.port : 0;
  return ports?.get(sourcePort) ?? ports?.get(0);
}

/** The name itself, else the longest `*.` that holds it, else what asks for no name. */
function ofServerName<Chain>(names: Names<Chain>, sni: string): Transports<Chain> | undefined {
  const exact = names.get(sni);
  if (exact !== undefined) return exact;
  for (let dot = sni.indexOf('.', 1); dot >= 0 && dot < sni.length - 1; dot = sni.indexOf('.', dot + 1)) {
    const found = names.get(sni.slice(dot));
    if (found !== undefined) return found;
  }
  return names.get('');
}

function ofSourceType<Chain>(sources: Sources<Chain>, { local, remote }: MatchInput): Prefixes<Ports<Chain>> {
  const {
    [SourceType.SAME_IP_OR_LOOPBACK]: near,
    [SourceType.EXTERNAL]: far,
    [SourceType.ANY]: any,
  } = sources;
  if (near.isEmpty && far.isEmpty) return any;
  const chosen = isSameOrLoopback(local, remote) ? near : far;
  return chosen.isEmpty ? any : chosen;
}

function isSameOrLoopback(local: Place, remote: Place): boolean {
  if (remote.kind === 'pipe') return true;
  if (local.kind === 'ip' && local.ip === remote.ip) return true;
  return remote.ip === '::1' || remote.ip.startsWith('127.');
}

/** `*.example.com` is kept as `.example.com`, in lower case as server names are compared. */
function serverName(field: string, name: string): string {
  const kept = name.startsWith('*.') ? name.slice(1) : name;
  if (kept.includes('*')) {
    throw new InvalidConfigError(
      `${field}.server_names`,
      `"${name}": only "*." at the beginning is a wildcard`,
    );
  }
  return kept.toLowerCase();
}

/** Undefined stands for every address. */
type Block = { readonly address: IpAddress; readonly bits: number } | undefined;

function blocks(field: string, ranges: readonly CidrRange[] | undefined): readonly Block[] {
  if (ranges === undefined || ranges.length === 0) return [undefined];
  return ranges.map(({ addressPrefix, prefixLen = 0 }) => {
    const address = parseIp(addressPrefix);
    if (address === undefined) throw new InvalidConfigError(field, `"${addressPrefix}" is no IP address`);
    return { address, bits: Math.min(prefixLen, address.family === 4 ? 32 : 128) };
  });
}

/** Values by blocks of addresses; the longest block that holds an address counts. */
class Prefixes<Value> {
  #any: Value | undefined;
  /** By family, then by length; the longest first. */
  readonly #lengths: { family: 4 | 6; bits: number; values: Map<bigint, Value> }[] = [];

  get isEmpty(): boolean {
    return this.#any === undefined && this.#lengths.length === 0;
  }

  entry(block: Block, make: () => Value): Value {
    if (block === undefined) return (this.#any ??= make());
    const { family } = block.address;
    let length = this.#lengths.find((one) => one.family === family && one.bits === block.bits);
    if (length === undefined) {
      length = { family, bits: block.bits, values: new Map() };
      this.#lengths.push(length);
      this.#lengths.sort((a, b) => b.bits - a.bits);
    }
    return entry(length.values, prefixOf(block.address, block.bits), make);
  }

  longest(place: Place): Value | undefined {
    if (this.#lengths.length === 0) return this.#any;
    // A path is at no address; Envoy takes a made-up one, which only blocks of length 0 hold.
    const address = place.kind === 'ip' ? parseIp(place.ip) : undefined;
    if (address === undefined) return this.#any;
    for (const { family, bits, values } of this.#lengths) {
      if (family !== address.family) continue;
      const found = values.get(prefixOf(address, bits));
      if (found !== undefined) return found;
    }
    return this.#any;
  }
}

function prefixOf({ family, value }: IpAddress, bits: number): bigint {
  return value >> BigInt((family === 4 ? 32 : 128) - bits);
}

function newPrefixes<Value>(): Prefixes<Value> {
  return new Prefixes<Value>();
}

function newMap<Key, Value>(): Map<Key, Value> {
  return new Map();
}

function newSources<Chain>(): Sources<Chain> {
  return {
    [SourceType.ANY]: new Prefixes(),
    [SourceType.SAME_IP_OR_LOOPBACK]: new Prefixes(),
    [SourceType.EXTERNAL]: new Prefixes(),
  };
}

function orNone<T>(values: readonly T[] | undefined, none: T): readonly T[] {
  return values === undefined || values.length === 0 ? [none] : values;
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
