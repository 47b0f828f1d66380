/** One version of a listener: what a Listener message says, compiled. */

import { equals } from '@bufbuild/protobuf';
import { TrafficDirection } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import {
  type FilterChain,
  FilterChainSchema,
} from '../../xds/proto/generated/envoy/config/listener/v3/listener_components_pb.js';
import {
  type Listener,
  Listener_DrainType,
  ListenerSchema,
} from '../../xds/proto/generated/envoy/config/listener/v3/listener_pb.js';
import { type Place, placeText } from '../address.ts';
import { milliseconds, refuseFields } from '../config-error.ts';
import type { Counter, Gauge, Histogram, StatsScope } from '../stats/stats.ts';
import type { AccessLogger } from '../stream-info.ts';
import type { SecretSource } from '../tls/secrets.ts';
import { type BoundPlace, boundPlaces } from './bind-options.ts';
import { CompiledChain } from './compiled-chain.ts';
import type { ListenerInfo } from './connection.ts';
import { type ChainMatcher, chainMatcher } from './filter-chain-match.ts';
import { type ListenerFilter, listenerFilter, originalDst } from './listener-filters.ts';
import type { NetworkFilterContext, NetworkFilterKind } from './network-filter.ts';

const MIB = 1024 * 1024;

/** https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/stats */
export interface ListenerStats {
  readonly total: Counter;
  readonly active: Gauge;
  readonly destroy: Counter;
  readonly length: Histogram;
  readonly overflow: Counter;
  readonly noChain: Counter;
  readonly pending: Gauge;
  readonly pendingTimeout: Counter;
  readonly remoteClose: Counter;
}

export interface VersionOptions {
  /** All statistics. */
  readonly stats: StatsScope;
  readonly kinds: ReadonlyMap<string, NetworkFilterKind>;
  readonly secrets: SecretSource | undefined;
  contextOf(listener: ListenerInfo): NetworkFilterContext;
}

/** What several versions share as long as nothing but their filter chains differs. */
interface Shared {
  readonly info: ListenerInfo;
  readonly stats: ListenerStats;
  users: number;
}

export class ListenerVersion {
  readonly name: string;
  readonly message: Listener;
  readonly places: readonly BoundPlace[];
  readonly bindsToPort: boolean;
  readonly handsOver: boolean;
  readonly filters: readonly ListenerFilter[];
  readonly filtersTimeout: number;
  readonly continuesOnTimeout: boolean;
  readonly accessLog: AccessLogger | undefined;
  readonly find: ChainMatcher<CompiledChain>;
  readonly #shared: Shared;
  readonly #chains: ReadonlyMap<FilterChain, CompiledChain>;
  #isRetired = false;

  /**
   * Throws an `UnsupportedError` or `InvalidConfigError`. Chains of `before` that stay as they are go on when nothing else
   * of the listener changed.
   */
  constructor(message: Listener, options: VersionOptions, before: ListenerVersion | undefined) {
    this.message = message;
    this.name = message.name;
    const field = `listener ${this.name}`;
    checkFields(field, message);
    this.places = boundPlaces(field, message);
    this.bindsToPort = (message.bindToPort ?? message.deprecatedV1?.bindToPort) !== false;
    this.handsOver = message.useOriginalDst === true;
    this.filtersTimeout = milliseconds(message.listenerFiltersTimeout, 15_000);
    this.continuesOnTimeout = message.continueOnListenerFiltersTimeout;
    const kept = before !== undefined && sameButChains(before.message, message) ? before : undefined;
    this.#shared = kept?.shareWithNext() ?? newShared(message, this.places, options.stats);
    const made: CompiledChain[] = [];
    try {
      const { stats } = this.#shared.info;
      this.filters = [
        ...message.listenerFilters.map((one, index) =>
          listenerFilter(`${field}.listener_filters[${index}]`, one, stats),
        ),
        ...(this.handsOver ? [originalDst()] : []),
      ];
      const context = options.contextOf(this.#shared.info);
      this.accessLog = message.accessLog.length === 0 ? undefined : context.accessLogs(message.accessLog);
      const chains = new Map<FilterChain, CompiledChain>();
      const compile = (chain: FilterChain, where: string) => {
        const same = kept?.chainLike(chain);
        const compiled =
          same ??
          new CompiledChain(chain, { field: where, kinds: options.kinds, context, secrets: options.secrets });
        if (same === undefined) made.push(compiled);
        chains.set(chain, compiled);
        return compiled;
      };
      const rows = message.filterChains.map((one, index) => {
        const where = `${field}.filter_chains[${index}]`;
        return { field: where, match: one.filterChainMatch, chain: compile(one, where) };
      });
      const byDefault = message.defaultFilterChain;
      this.find = chainMatcher(
        rows,
        byDefault === undefined ? undefined : compile(byDefault, `${field}.default_filter_chain`),
      );
      this.#chains = chains;
    } catch (error) {
      for (const chain of made) chain.close();
      this.#leave();
      throw error;
    }
  }

  get info(): ListenerInfo {
    return this.#shared.info;
  }

  get stats(): ListenerStats {
    return this.#shared.stats;
  }

  /** Resolves when routes and secrets that its chains need are there. */
  get warm(): Promise<unknown> {
    return Promise.all([...this.#chains.values()].map((chain) => chain.warm));
  }

  get chains(): Iterable<CompiledChain> {
    return this.#chains.values();
  }

  /** Whether that other message differs in its filter chains only. */
  keepsChainsFor(message: Listener): boolean {
    return sameButChains(this.message, message);
  }

  chainLike(message: FilterChain): CompiledChain | undefined {
    for (const [known, chain] of this.#chains) {
      if (equals(FilterChainSchema, known, message)) return chain;
    }
    return undefined;
  }

  shareWithNext(): Shared {
    this.#shared.users++;
    return this.#shared;
  }

  /** Takes no more connections; those that are there drain, but for those of chains that `next` goes on with. */
  retire(next: ListenerVersion | undefined, drainTime: number, onGone: () => void): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    const going = new Set(next?.chains ?? []);
    const chains = [...this.#chains.values()].filter((chain) => !going.has(chain));
    let left = chains.length;
    const gone = () => {
      left--;
      if (left > 0) return;
      this.#leave();
      onGone();
    };
    if (chains.length === 0) {
      left = 1;
      gone();
      return;
    }
    for (const chain of chains) {
      chain.onClosed = gone;
      chain.retire(drainTime);
    }
  }

  /** Closes all connections that are left. */
  close(): void {
    for (const chain of this.#chains.values()) chain.close();
  }

  /** Never came into force: only what it made itself goes. */
  discard(inForce: ListenerVersion | undefined): void {
    this.retire(inForce, 0, () => undefined);
  }

  #leave(): void {
    this.#shared.users--;
    if (this.#shared.users === 0) this.#shared.info.stats.release();
  }
}

function newShared(message: Listener, places: readonly BoundPlace[], stats: StatsScope): Shared {
  const [first] = places;
  const address = first === undefined ? '' : statAddress(first.place);
  const scope = stats.scope(`listener.${message.statPrefix === '' ? address : message.statPrefix}.`);
  return {
    users: 1,
    info: {
      name: message.name,
      direction: directionOf(message),
      metadata: message.metadata,
      stats: scope,
      bufferLimit: message.perConnectionBufferLimitBytes ?? MIB,
    },
    stats: {
      total: scope.counter('downstream_cx_total'),
      active: scope.gauge('downstream_cx_active'),
      destroy: scope.counter('downstream_cx_destroy'),
      length: scope.histogram('downstream_cx_length_ms'),
      overflow: scope.counter('downstream_cx_overflow'),
      noChain: scope.counter('no_filter_chain_match'),
      pending: scope.gauge('downstream_pre_cx_active'),
      pendingTimeout: scope.counter('downstream_pre_cx_timeout'),
      remoteClose: scope.counter('downstream_listener_filter_remote_close'),
    },
  };
}

/** As Envoy writes it in names of statistics: no colons. */
function statAddress(place: Place): string {
  return placeText(place).replaceAll(':', '_');
}

/** Which requests come over it, seen from the workload. */
export function directionOf({ trafficDirection }: Listener): ListenerInfo['direction'] {
  switch (trafficDirection) {
    case TrafficDirection.INBOUND:
      return 'inbound';
    case TrafficDirection.OUTBOUND:
      return 'outbound';
    default:
      return 'unspecified';
  }
}

function checkFields(field: string, message: Listener): void {
  refuseFields(field, {
    filter_chain_matcher: message.filterChainMatcher !== undefined,
    udp_listener_config: message.udpListenerConfig !== undefined,
    api_listener: message.apiListener !== undefined,
    internal_listener: message.listenerSpecifier.case === 'internalListener',
    enable_mptcp: message.enableMptcp,
    'connection_balance_config.extend_balance':
      message.connectionBalanceConfig?.balanceType.case === 'extendBalance',
    'filter_chains (there are none)':
      message.filterChains.length === 0 && message.defaultFilterChain === undefined,
  });
}

function sameButChains(a: Listener, b: Listener): boolean {
  const rest = (one: Listener): Listener => ({
    ...one,
    filterChains: [],
    defaultFilterChain: undefined,
    drainType: Listener_DrainType.DEFAULT,
  });
  return equals(ListenerSchema, rest(a), rest(b));
}
