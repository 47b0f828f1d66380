/** What is known of one request; made for each, so that what is rarely asked for is made when it is. */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Metadata } from '../../xds/proto/generated/envoy/config/core/v3/base_pb.js';
import type { DownstreamConnection } from '../listeners/connection.ts';
import type { ResponseFlag, StreamInfo, StreamTimes } from '../stream-info.ts';
import type { Workload } from '../telemetry/istio/workload.ts';
import type { Cluster, Host } from '../upstream/types.ts';
import type { RequestWriter, ResetReason } from './codec.ts';
import type { HeaderList } from './header-list.ts';

/** What `performance.now()` counts from, in milliseconds since 1970. */
const { timeOrigin } = performance;

class Times implements StreamTimes {
  start: number;
  requestEnd = 0;
  upstreamFirstSent = 0;
  upstreamLastSent = 0;
  upstreamFirstReceived = 0;
  upstreamLastReceived = 0;
  responseFirstSent = 0;
  responseLastSent = 0;
  end = 0;

  constructor(start: number) {
    this.start = start;
  }
}

export class StreamRecord implements StreamInfo {
  readonly connection: DownstreamConnection;
  readonly times: StreamTimes;
  protocol: StreamInfo['protocol'] = '';
  scheme = '';
  method = '';
  authority = '';
  path = '';
  originalPath = '';
  requestHeaders: HeaderList | undefined;
  responseHeaders: HeaderList | undefined;
  responseTrailers: HeaderList | undefined;
  responseCode = 0;
  responseCodeDetails = '';
  connectionTerminationDetails = '';
  bytesReceived = 0;
  bytesSent = 0;
  requestHeaderBytes = 0;
  responseHeaderBytes = 0;
  upstreamCluster: Cluster | undefined;
  upstreamHost: Host | undefined;
  upstreamLocalAddress = '';
  upstreamTransportFailureReason = '';
  upstreamAttempts = 0;
  upstreamProtocol = '';
  routeName = '';
  virtualHostName = '';
  virtualClusterName: string | undefined;
  downstreamRemoteIp = '';
  requestId = '';
  traced = false;
  upstreamSocket: Socket | TLSSocket | undefined;
  routeMetadata: Metadata | undefined;
  virtualHostMetadata: Metadata | undefined;
  responseStatus: number | undefined;
  healthCheck: boolean | undefined;
  localReplyBody: string | undefined;
  downstreamPeer: Workload | undefined;
  upstreamPeer: Workload | undefined;
  traceId: string | undefined;
  spanId: string | undefined;
  #flags: ResponseFlag[] | undefined;
  #dynamicMetadata: Map<string, Record<string, unknown>> | undefined;
  #filterState: Map<string, string> | undefined;

  constructor(connection: DownstreamConnection, now: number) {
    this.connection = connection;
    this.times = new Times(now);
  }

  get startTime(): number {
    return timeOrigin + this.times.start;
  }

  get responseFlags(): ResponseFlag[] {
    return (this.#flags ??= []);
  }

  get dynamicMetadata(): Map<string, Record<string, unknown>> {
    return (this.#dynamicMetadata ??= new Map());
  }

  get filterState(): Map<string, string> {
    return (this.#filterState ??= new Map());
  }

  /** The client is gone, or no longer wants the answer, or has broken the protocol. */
  resetByClient(reason: ResetReason, details: string): void {
    if (reason === 'protocol-error') {
      this.flag('DPE');
      this.responseCodeDetails = details;
    } else if (reason === 'remote-reset') {
      this.flag('DR');
      this.responseCodeDetails = 'http2.remote_reset';
    } else {
      this.flag('DC');
      this.responseCodeDetails = 'downstream_remote_disconnect';
    }
  }

  /** A connection carries the request to its endpoint. */
  sentOver({ socket, localAddress, protocol }: RequestWriter): void {
    this.upstreamSocket = socket;
    this.upstreamLocalAddress = localAddress;
    this.upstreamProtocol = protocol;
  }

  flag(flag: ResponseFlag): void {
    const flags = this.responseFlags;
    if (!flags.includes(flag)) flags.push(flag);
  }
}
