/** A connection that a listener has accepted, as its network filters see it. */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Metadata } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type { Place } from '../address.ts';
import type { StatsScope } from '../stats/stats.ts';
import type { UpstreamSource } from '../upstream/types.ts';

export interface ListenerInfo {
  readonly name: string;
  readonly direction: 'inbound' | 'outbound' | 'unspecified';
  readonly metadata: Metadata | undefined;
  /** `listener.ADDRESS.`, the address as Envoy writes it there, as `listener.0.0.0.0_15006.`. */
  readonly stats: StatsScope;
  /** `per_connection_buffer_limit_bytes`. */
  readonly bufferLimit: number;
}

export interface DownstreamConnection {
  /** Counts up over the process, as Envoy's connection id. */
  readonly id: number;
  /** What has been read to choose the filter chain was put back with `unshift`. Nobody reads it yet. */
  readonly socket: Socket | TLSSocket;
  readonly listener: ListenerInfo;
  readonly filterChainName: string;
  /** Where the client meant to go: the original destination when it was restored. */
  readonly localPlace: Place;
  /** The peer; with the PROXY protocol the one that it names. */
  readonly remotePlace: Place;
  /** The socket's own peer. */
  readonly directRemotePlace: Place;
  /** True when `localPlace` is not the socket's own address. */
  readonly restored: boolean;
  /** Server name of the ClientHello; empty without one. */
  readonly sni: string;
  readonly transportProtocol: 'tls' | 'raw_buffer';
  /** Chosen by TLS termination, or found by the HTTP inspector; empty when unknown. */
  readonly alpn: string;
  readonly tls: boolean;
  readonly startTime: number;
  /** What filters of the connection tell those behind them, as `envoy.tcp_proxy.cluster`. */
  readonly filterState: Map<string, string>;
  /** The address that connections to endpoints have to come from (`original_src`), and the mark of their packets. */
  readonly upstreamSource: UpstreamSource | undefined;
  /** `filter_chain`s and listeners that are gone drain: called once, at once when that is so already. */
  onDrain(listener: () => void): void;
  /** True while the connection may go on but should be closed at the next chance (`connection: close`, GOAWAY). */
  readonly draining: boolean;
}

/** Takes over an accepted connection: reads, writes and closes it. */
export type NetworkFilter = (connection: DownstreamConnection) => void;

/** A compiled filter chain's last filter, with what has to happen when the chain goes. */
export interface TerminalFilter {
  readonly onConnection: NetworkFilter;
  /** What the listener has to wait for before it is warm, as routes that have not come yet. */
  readonly warm?: Promise<void>;
  /** `drained`: milliseconds until the listener would have closed what drains. Envoy shows its statistics for so long. */
  close(drained: number): void;
}
