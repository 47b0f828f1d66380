/** What access logs know of a connection that carries no requests that this proxy looks into. */

import type { StreamInfo, StreamTimes } from '../stream-info.ts';
import type { DownstreamConnection } from './connection.ts';

/** Everything unknown is empty or 0. */
export function connectionInfo(connection: DownstreamConnection): StreamInfo {
  const { remotePlace } = connection;
  const times: StreamTimes = {
    start: performance.now() - (Date.now() - connection.startTime),
    requestEnd: 0,
    upstreamFirstSent: 0,
    upstreamLastSent: 0,
    upstreamFirstReceived: 0,
    upstreamLastReceived: 0,
    responseFirstSent: 0,
    responseLastSent: 0,
    end: 0,
  };
  return {
    connection,
    startTime: connection.startTime,
    times,
    protocol: '',
    scheme: '',
    method: '',
    authority: '',
    path: '',
    originalPath: '',
    requestHeaders: undefined,
    responseHeaders: undefined,
    responseTrailers: undefined,
    responseCode: 0,
    responseCodeDetails: '',
    responseFlags: [],
    connectionTerminationDetails: '',
    bytesReceived: 0,
    bytesSent: 0,
    requestHeaderBytes: 0,
    responseHeaderBytes: 0,
    upstreamCluster: undefined,
    upstreamHost: undefined,
    upstreamLocalAddress: '',
    upstreamTransportFailureReason: '',
    upstreamAttempts: 0,
    upstreamProtocol: '',
    routeName: '',
    virtualHostName: '',
    downstreamRemoteIp: remotePlace.kind === 'ip' ? remotePlace.ip : '',
    requestId: '',
    traced: false,
    dynamicMetadata: new Map(),
    filterState: new Map(),
  };
}
