/** Listeners while services add to them: what shares an address and port ends up in one. */

import type { Protocol } from '../../base/protocol.ts';
import { connectionManager } from '../http-filters/connection-manager.ts';
import type { DnsCache } from '../dynamic-dns.ts';
import type { Input } from '../input.ts';
import { WILDCARD_ADDRESS, listenerName } from '../names.ts';
import { TrafficDirection } from '../proto/generated/envoy/config/core/v3/base_pb.js';
import { fallbackCluster } from '../routes/configuration.ts';
import { ZERO, addressOf, durationOf } from '../values.ts';
import {
  type FilterChain,
  type FilterChainMatch,
  type ListenerInit,
  PLAIN_HTTP,
  TRANSPORT_TIMEOUT,
  httpInspector,
  takesAll,
  tlsInspector,
} from './chains.ts';
import { tcpToFixed } from './tcp-proxy.ts';

export class PendingListeners {
  readonly #listeners = new Map<string, PendingListener>();

  /** The listener at an address, made when it is first asked for. */
  at(bind: string, port: number, bound: boolean): PendingListener {
    const name = listenerName(bind, port);
    let found = this.#listeners.get(name);
    if (found === undefined)
      this.#listeners.set(name, (found = new PendingListener(name, bind, port, bound)));
    return found;
  }

  /** Those that there are take nothing more: what a listener of its own serves is not for others. */
  lock(): void {
    for (const listener of this.#listeners.values()) listener.isLocked = true;
  }

  /** In the order in which they came. */
  build(input: Input): ListenerInit[] {
    return [...this.#listeners.values()].map((one) => one.build(input));
  }
}

class PendingListener {
  readonly #name: string;
  readonly #bind: string;
  readonly #port: number;
  readonly #bound: boolean;
  isLocked = false;
  #routeName: string | undefined;
  #grpcWeb = false;
  /** By their names. */
  readonly #caches = new Map<string, DnsCache>();
  readonly #chains = new Map<string, FilterChain>();
  /** Server names or networks of the chains, each with what else its chain asks for. */
  readonly #taken = new Set<string>();

  constructor(name: string, bind: string, port: number, bound: boolean) {
    this.#name = name;
    this.#bind = bind;
    this.#port = port;
    this.#bound = bound;
  }

  /**
   * HTTP with these routes; those that came first stay. Where one service is called by browsers, all can be; hosts are
   * looked up in the caches of all.
   */
  addHttp(routeName: string, speaks?: Protocol, caches: readonly DnsCache[] = []): void {
    if (this.isLocked) return;
    for (const cache of caches) this.#caches.set(cache.name ?? '', cache);
    this.#routeName ??= routeName;
    this.#grpcWeb ||= speaks === 'GRPC-Web';
  }

  /** Envoy refuses two chains for the same connections: those that came first stay. */
  addTcp(chains: readonly FilterChain[]): void {
    for (const chain of this.isLocked ? [] : chains) {
      const left = this.#withFree(chain);
      if (left === undefined) continue;
      const key = JSON.stringify(left.filterChainMatch ?? {});
      if (!this.#chains.has(key)) this.#chains.set(key, left);
    }
  }

  /** The chain with the server names, or the networks, that no other has; undefined when none is left. */
  #withFree(chain: FilterChain): FilterChain | undefined {
    // Chains are plain values until the listener is made.
    const match = (chain.filterChainMatch ?? {}) as FilterChainMatch;
    const { serverNames = [], prefixRanges = [], ...rest } = match;
    if (serverNames.length > 0) {
      const free = serverNames.filter((name) => this.#take(name, { prefixRanges, ...rest }));
      return free.length === 0 ? undefined : { ...chain, filterChainMatch: { ...match, serverNames: free } };
    }
    if (prefixRanges.length === 0) return chain;
    const free = prefixRanges.filter((range) => this.#take(range, rest));
    return free.length === 0 ? undefined : { ...chain, filterChainMatch: { ...match, prefixRanges: free } };
  }

  /** Whether nobody had it before. */
  #take(item: unknown, where: object): boolean {
    const key = JSON.stringify([item, where]);
    return !this.#taken.has(key) && this.#taken.add(key) !== undefined;
  }

  build(input: Input): ListenerInit {
    const tcp = [...this.#chains.values()];
    const all = tcp.find(takesAll);
    const some = tcp.filter((chain) => chain !== all);
    // At an address of its own with nothing but HTTP behind it there is nothing to tell apart.
    const detects = this.#bind === WILDCARD_ADDRESS || tcp.length > 0;
    const http = this.#routeName === undefined ? undefined : this.#httpChain(this.#routeName, detects, input);
    const needsHttp = http !== undefined && detects;
    const needsTls = some.some((chain) => (chain.filterChainMatch?.serverNames ?? []).length > 0);
    const only = http === undefined ? some.length === 0 : !detects;
    const detection = durationOf(input.snapshot.mesh.config.protocolDetectionTimeout) ?? ZERO;
    return {
      name: this.#name,
      address: addressOf(this.#bind, this.#port),
      filterChains: [
        ...(http === undefined ? [] : [http]),
        ...some,
        ...(only && all !== undefined ? [all] : []),
      ],
      ...(!only && { defaultFilterChain: all ?? passthroughChain(input) }),
      listenerFilters: [...(needsTls ? [tlsInspector()] : []), ...(needsHttp ? [httpInspector()] : [])],
      listenerFiltersTimeout: needsHttp ? detection : ZERO,
      continueOnListenerFiltersTimeout: true,
      trafficDirection: TrafficDirection.OUTBOUND,
      bindToPort: this.#bound,
    };
  }

  /** Everything, or, where other protocols may arrive too, what looks like HTTP in the clear. */
  #httpChain(routeName: string, detects: boolean, input: Input): FilterChain {
    const manager = connectionManager(
      {
        statPrefix: `outbound_${this.#name};`,
        trafficClass: 'outbound',
        routes: routeName,
        grpcWeb: this.#grpcWeb,
        caches: [...this.#caches.values()],
      },
      input,
    );
    return {
      ...(detects && { filterChainMatch: PLAIN_HTTP }),
      filters: [manager],
      transportSocketConnectTimeout: TRANSPORT_TIMEOUT,
    };
  }
}

/** Connections that nobody declared. */
function passthroughChain(input: Input): FilterChain {
  return { name: 'PassthroughFilterChain', filters: [tcpToFixed(fallbackCluster(input), input)] };
}
