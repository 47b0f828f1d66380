/** A request as its destination sees it: host, path, protocol, and how long it may take. */

import type { Forwarding, WeightedDestination } from '../route/forwarding.ts';
import type { CompiledAction } from '../route/route-table.ts';
import { isGrpc } from '../telemetry/grpc-status.ts';
import type { DownstreamConnection } from '../listeners/connection.ts';
import type { Cluster, ConnectOptions } from '../upstream/types.ts';
import type { HeaderList } from './header-list.ts';
import type { PoolProtocol } from './pool.ts';
import type { HttpStream } from './stream.ts';
import { grpcTimeout } from './timeouts.ts';

export type ForwardAction = Extract<CompiledAction, { kind: 'forward' }>;

export interface Target {
  readonly authority: string;
  readonly path: string;
}

/** Host and path for the destination; the headers keep what they were. */
export function rewriteTarget(
  stream: HttpStream,
  action: ForwardAction,
  destination: WeightedDestination,
): Target {
  const { info, manager, requestHeaders: headers } = stream;
  const { forwarding } = action;
  const shows = !manager.router.suppressHeaders;
  // An endpoint's own name is known when it is chosen.
  const authority = (destination.host ?? forwarding.host)(stream) ?? stream.authority;
  if (authority !== stream.authority) {
    if (forwarding.appendForwardedHost) {
      const before = headers.joined('x-forwarded-host');
      headers.set(
        'x-forwarded-host',
        before === undefined ? stream.authority : `${before},${stream.authority}`,
      );
    }
    // A share's own host leaves no trace, as in Envoy.
    if (shows && destination.host === undefined) headers.set('x-envoy-original-host', stream.authority);
  }
  let { path } = stream;
  if (!action.keepsPath) {
    path = action.rewrite(stream.path);
    // Also where the path comes out as it was.
    if (shows) headers.set('x-envoy-original-path', stream.path);
  }
  info.path = path;
  info.authority = authority;
  const { connectPort } = stream;
  return { authority: connectPort === undefined ? authority : `${authority}:${connectPort}`, path };
}

/** The route's own limits of time. */
export function limitStream(stream: HttpStream, forwarding: Forwarding): void {
  const { idleTimeout, maxStreamDuration, grpcTimeoutMax, limitsDuration } = forwarding;
  const headers = stream.requestHeaders;
  const duration =
    limitsDuration && grpcTimeoutMax !== undefined && headers.has('grpc-timeout') && isGrpc(headers)
      ? grpcTimeout(forwarding, headers)
      : maxStreamDuration;
  if (idleTimeout !== undefined || duration !== undefined) stream.limitStream(idleTimeout, duration);
}

/** `downstream` is the protocol that the client speaks. */
export function poolProtocol({ settings }: Cluster, downstream: string): PoolProtocol {
  switch (settings.protocol) {
    case 'http2':
      return 'http2';
    case 'as-downstream':
      return downstream === 'HTTP/2' ? 'http2' : 'http1';
    case 'http1':
      return 'http1';
    case 'by-alpn':
      return 'by-alpn';
  }
}

/** Whether a client asks for other timeouts or retries than those of the route. */
export function asksForMore({ names }: HeaderList): boolean {
  for (const name of names) {
    if (name.charCodeAt(0) === 0x78 && name.startsWith('x-envoy-')) return true;
  }
  return false;
}

/** What the router says in the response of a destination. */
export function addResponseHeaders(
  { info, manager, compiled }: HttpStream,
  headers: HeaderList,
  now: number,
  cookies: readonly string[] | undefined,
): void {
  if (!manager.router.suppressHeaders && info.times.requestEnd !== 0) {
    headers.set('x-envoy-upstream-service-time', String(Math.round(now - info.times.requestEnd)));
  }
  if (compiled?.virtualHost.includeAttemptCountInResponse === true) {
    headers.set('x-envoy-attempt-count', String(info.upstreamAttempts));
  }
  if (cookies !== undefined) for (const cookie of cookies) headers.append('set-cookie', cookie);
}

/** For whom a connection to an endpoint is. */
export function connectOptions(client: DownstreamConnection, authority: string): ConnectOptions {
  return {
    alpn: [],
    authority,
    downstream: { source: client.remotePlace, destination: client.localPlace },
    source: client.upstreamSource,
  };
}
