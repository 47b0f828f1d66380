/** What is known of one request (or of one TCP connection): for access logs, header formats, traces and metrics. */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Metadata } from '../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type { HeaderList } from './http/header-list.ts';
import type { DownstreamConnection } from './listeners/connection.ts';
import type { Workload } from './telemetry/istio/workload.ts';
import type { Cluster, Host } from './upstream/types.ts';

/** `%RESPONSE_FLAGS%`: https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage */
export type ResponseFlag =
  | 'DC'
  | 'DF'
  | 'DI'
  | 'DO'
  | 'DPE'
  | 'DT'
  | 'FI'
  | 'IH'
  | 'LH'
  | 'LR'
  | 'NC'
  | 'NFCF'
  | 'NR'
  | 'OM'
  | 'RFCF'
  | 'RL'
  | 'RLSE'
  | 'SI'
  | 'UAEX'
  | 'UC'
  | 'UF'
  | 'UH'
  | 'UMSDR'
  | 'UO'
  | 'UPE'
  | 'UR'
  | 'URX'
  | 'UT'
  | 'DR'
  | 'UDO';

/** Times are milliseconds since the process began (`performance.now()`), 0 for what has not happened. */
export interface StreamTimes {
  start: number;
  /** The last byte of the request has come. */
  requestEnd: number;
  upstreamFirstSent: number;
  upstreamLastSent: number;
  upstreamFirstReceived: number;
  upstreamLastReceived: number;
  responseFirstSent: number;
  /** The last byte of the response has gone to the client. */
  responseLastSent: number;
  end: number;
}

export interface StreamInfo {
  readonly connection: DownstreamConnection;
  /** Milliseconds since 1970, of `times.start`. */
  readonly startTime: number;
  readonly times: StreamTimes;
  protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2' | '';
  scheme: string;
  method: string;
  authority: string;
  /** As it is sent on. */
  path: string;
  /** As the client wrote it. */
  originalPath: string;
  requestHeaders: HeaderList | undefined;
  responseHeaders: HeaderList | undefined;
  responseTrailers: HeaderList | undefined;
  /** 0 while there is none. */
  responseCode: number;
  /** As `via_upstream`, `route_not_found`; empty while unknown. */
  responseCodeDetails: string;
  readonly responseFlags: ResponseFlag[];
  connectionTerminationDetails: string;
  bytesReceived: number;
  bytesSent: number;
  requestHeaderBytes: number;
  responseHeaderBytes: number;
  upstreamCluster: Cluster | undefined;
  upstreamHost: Host | undefined;
  /** As `127.0.0.1:40000`; empty without a connection. */
  upstreamLocalAddress: string;
  upstreamTransportFailureReason: string;
  upstreamAttempts: number;
  upstreamProtocol: string;
  routeName: string;
  virtualHostName: string;
  /** The peer after `x-forwarded-for` and its like have been looked at, without a port where a header named it. */
  downstreamRemoteIp: string;
  requestId: string;
  /** Whether the request's trace is recorded, and why. */
  traced: boolean;
  /** `filter_name.key` of dynamic metadata that filters have set. */
  readonly dynamicMetadata: Map<string, Record<string, unknown>>;
  readonly filterState: Map<string, string>;
  /** What follows is absent where it is not known. Of the connection that the request was sent on, for its certificates. */
  upstreamSocket?: Socket | TLSSocket | undefined;
  virtualClusterName?: string | undefined;
  /** The workloads on both sides, as far as they have told of themselves. */
  downstreamPeer?: Workload | undefined;
  upstreamPeer?: Workload | undefined;
  routeMetadata?: Metadata | undefined;
  virtualHostMetadata?: Metadata | undefined;
  /** `:status` of `responseHeaders`, which is there before the response code is. */
  responseStatus?: number | undefined;
  /** Of an answer that the proxy gives itself, while its body is put together. */
  localReplyBody?: string | undefined;
  traceId?: string | undefined;
  spanId?: string | undefined;
  /** A request that the health check filter knows as one. */
  healthCheck?: boolean | undefined;
}

/** Called when a stream (or TCP connection) is over; must not throw. */
export type AccessLogger = (info: StreamInfo) => void;
