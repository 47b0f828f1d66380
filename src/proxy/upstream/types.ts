/** What the request path knows of upstream clusters and their endpoints. */

import type { Socket } from 'node:net';
import type { Metadata } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type { Place, SocketPlace } from '../address.ts';
import type { NameFormat } from '../http1/name-format.ts';
import type { Http2Settings } from '../http2/options.ts';
import type { BufferedBytes } from '../stats/buffered-bytes.ts';
import type { Counter, Gauge, Histogram, StatsScope } from '../stats/stats.ts';
import type { DnsCaches } from './dns/cache.ts';

/** Numbers of one endpoint, as `/clusters` shows them. */
export interface HostStats {
  cxActive: number;
  cxTotal: number;
  cxConnectFail: number;
  rqActive: number;
  rqTotal: number;
  rqSuccess: number;
  rqError: number;
  rqTimeout: number;
}

/** One endpoint of a cluster. The object stays the same as long as the endpoint does. */
export interface Host {
  readonly place: Place;
  /** `placeText(place)`; what the endpoint is known by in statistics and logs. */
  readonly id: string;
  /** The DNS name that it was configured with; empty without one. */
  readonly hostname: string;
  readonly weight: number;
  readonly priority: number;
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  readonly metadata: Metadata | undefined;
  readonly healthy: boolean;
  readonly stats: HostStats;
}

/** What a load balancer may ask of the request or connection that it finds an endpoint for. */
export interface LoadBalancerContext {
  /** xxHash64 of what the hash policies name; undefined when there is none. Asked only by balancers that need it. */
  hash(): bigint | undefined;
  /** Subset of the route: wanted key and value pairs of `envoy.lb` metadata. */
  readonly metadataMatch: ReadonlyMap<string, unknown> | undefined;
  /** For clusters of type ORIGINAL_DST. */
  readonly originalDestination: SocketPlace | undefined;
  /** Host of the request, or what stands for it, for clusters that look it up. */
  readonly authority?: string | undefined;
  /** A header of the request, for clusters that find their endpoint in one (`use_http_header`). */
  header?(name: string): string | undefined;
  /** True for an endpoint that should be passed over, as one that was tried before (`retry_host_predicate`). */
  rejects?(host: Host): boolean;
  /** How often a rejected choice is made anew. */
  readonly attempts?: number;
  /** Priorities that were tried before (`previous_priorities`), the first try's first. */
  readonly triedPriorities?: readonly number[] | undefined;
  /** The endpoints that these were of. */
  readonly triedHosts?: readonly Host[] | undefined;
  /** The priority is chosen already. */
  readonly only?: { readonly priority: number; readonly degraded: boolean };
}

/** How many of something a cluster may have at once (circuit breakers). */
export interface ResourceLimit {
  current: number;
  readonly max: number;
}

export interface CircuitBreaker {
  readonly connections: ResourceLimit;
  readonly pendingRequests: ResourceLimit;
  readonly requests: ResourceLimit;
  readonly retries: ResourceLimit;
  /** When a budget is set, retries that are allowed with the requests that are active now, or began lately. */
  retryBudget?(): number;
  readonly maxConnectionPools: number | undefined;
}

export type UpstreamProtocol = 'http1' | 'http2' | 'as-downstream' | 'by-alpn';

/** What a cluster says of its connections; times in milliseconds, 0 for none. */
export interface ConnectionSettings {
  readonly connectTimeout: number;
  readonly protocol: UpstreamProtocol;
  /** HTTP/2 is among its protocols, though it may depend on the client or the endpoint. */
  readonly speaksHttp2: boolean;
  readonly idleTimeout: number;
  readonly maxConnectionDuration: number;
  readonly maxStreamDuration: number;
  /** 0 for as many as come. */
  readonly maxRequestsPerConnection: number;
  readonly bufferLimit: number;
  readonly maxResponseHeadersKb: number;
  readonly maxResponseHeaderCount: number;
  readonly http1: NameFormat & { readonly enableTrailers: boolean; readonly allowChunkedLength: boolean };
  readonly http2: Http2Settings;
  readonly tls: boolean;
}

/**
 * The counters that the request path adds to; `cluster.NAME.`. Most are looked up when they are read: who counts often holds
 * them.
 */
export interface ClusterStats {
  readonly scope: StatsScope;
  readonly cxTotal: Counter;
  readonly cxActive: Gauge;
  readonly cxConnectFail: Counter;
  readonly cxConnectTimeout: Counter;
  readonly cxDestroy: Counter;
  readonly cxDestroyLocal: Counter;
  readonly cxDestroyRemote: Counter;
  readonly cxDestroyWithActiveRq: Counter;
  readonly cxDestroyLocalWithActiveRq: Counter;
  readonly cxDestroyRemoteWithActiveRq: Counter;
  readonly cxConnectTime: Histogram;
  readonly cxLength: Histogram;
  readonly cxHttp1Total: Counter;
  readonly cxHttp2Total: Counter;
  /** The endpoint has said that it wants no further requests on a connection. */
  readonly cxCloseNotify: Counter;
  /** Of connections that are gone. */
  readonly rqPerCx: Histogram;
  readonly buffered: BufferedBytes;
  readonly cxRxBytesTotal: Counter;
  readonly cxTxBytesTotal: Counter;
  readonly rqTotal: Counter;
  readonly rqActive: Gauge;
  readonly rqPendingTotal: Counter;
  readonly rqPendingActive: Gauge;
  readonly rqPendingOverflow: Counter;
  readonly rqPendingFailureEject: Counter;
  readonly rqCancelled: Counter;
  readonly rqTimeout: Counter;
  readonly rqPerTryTimeout: Counter;
  readonly rqRxReset: Counter;
  readonly rqTxReset: Counter;
  readonly rqRetry: Counter;
  readonly rqRetrySuccess: Counter;
  readonly rqRetryOverflow: Counter;
  readonly rqRetryLimitExceeded: Counter;
  readonly rqMaintenanceMode: Counter;
}

/** What became of a request or connection, for outlier detection. */
export type HostOutcome =
  | { readonly kind: 'status'; readonly status: number }
  | {
      readonly kind: 'local';
      /** `success`: a connection for requests was opened; `connected`: one that is all there is to judge (TCP). */
      readonly what: 'connect-failed' | 'connect-timeout' | 'timeout' | 'reset' | 'success' | 'connected';
    };

export interface Cluster {
  readonly name: string;
  readonly settings: ConnectionSettings;
  readonly metadata: Metadata | undefined;
  /** Its endpoints are the hosts of requests, which have to be looked up before. */
  readonly isDynamic?: boolean;
  /** `alt_stat_name`, else the name; colons as underscores, as Envoy shows it. */
  readonly statName: string;
  readonly stats: ClusterStats;
  /** The share of requests, from 0 to 1, that is answered at once because there are too many (`drop_overloads`). */
  readonly dropShare: number;
  breaker(priority: 'default' | 'high'): CircuitBreaker;
  /** An endpoint for this request; undefined when none may be used (503, no healthy upstream). */
  choose(context: LoadBalancerContext): Host | undefined;
  /** The cluster that a chosen endpoint is from, where that is another one. */
  owner?(host: Host): Cluster | undefined;
  /** Requests whose keys differ must not share a connection: it would be for another client, name or source. */
  connectionKey(host: Host, options: ConnectOptions): string;
  /** Begins to connect, over TLS when the endpoint's transport socket says so. The caller listens, times out and counts. */
  connect(host: Host, options: ConnectOptions): Socket;
  report(host: Host, outcome: HostOutcome): void;
  /** Called with each endpoint that is gone: its idle connections have to be closed. Returns what ends that. */
  onHostRemoved(listener: (host: Host) => void): () => void;
  /** The cluster is gone or replaced: pools drain. Returns what ends that. */
  onClosed(listener: () => void): () => void;
}

export interface ConnectOptions {
  /** Offered by ALPN on TLS connections, best first. */
  readonly alpn: readonly string[];
  /** Of the request, for `auto_sni` and `auto_san_validation`. */
  readonly authority?: string | undefined;
  /** Of the downstream connection, for the PROXY protocol. */
  readonly downstream?: { readonly source: Place; readonly destination: Place } | undefined;
  /** Connections of different sources must not be shared. */
  readonly source?: UpstreamSource | undefined;
}

/** Where connections to endpoints come from when they keep the client's address. */
export interface UpstreamSource {
  readonly ip: string;
  /** `SO_MARK`; 0 for none. */
  readonly mark: number;
}

/** The clusters in force. A request asks once and keeps the cluster that it got. */
export interface Clusters {
  get(name: string): Cluster | undefined;
  /** Where hosts of requests are looked up; undefined where none are. */
  readonly dnsCaches?: DnsCaches;
}
