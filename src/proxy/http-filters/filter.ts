/** What an HTTP filter is to the connection manager, which runs filters in their order, and back for the answer. */

import type { Any } from '@bufbuild/protobuf/wkt';
import type { RateLimit } from '../../xds/proto/generated/envoy/config/route/v3/route_components_pb.js';
import type { HeaderList } from '../http/header-list.ts';
import type { StatsScope } from '../stats/stats.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { Clusters } from '../upstream/types.ts';

/** `stop`: the filter holds the message; it calls `resume` later, or answers itself. */
export type FilterVerdict = 'continue' | 'stop';

/** A request on its way through the filters. */
export interface FilterStream {
  readonly info: StreamInfo;
  readonly requestHeaders: HeaderList;
  method: string;
  authority: string;
  path: string;
  readonly scheme: string;
  /** The filter's own settings on the matched route, virtual host and route configuration, the most specific first. */
  routeSettings(filterName: string): readonly Any[];
  /** Chooses the route again at its next use, after a filter changed what routes look at. */
  clearRouteCache(): void;
  /** The cluster that the matched route sends the request to; empty when it does something else. */
  readonly routeCluster: string;
  /** The `rate_limits` of the matched route's action and of its virtual host. */
  rateLimits(): RouteRateLimits;
  /** Answers in place of the destination; the rest of the request is read and thrown away. */
  reply(reply: LocalReply): void;
  /** Goes on after `stop` of `onRequestHeaders` or `onResponseHeaders`. */
  resumeRequest(): void;
  resumeResponse(): void;
  /** In place of the response's own, until its headers have gone on from the filter. */
  setResponseStatus(status: number): void;
  /** The client is gone or the stream was reset: for timers of filters. */
  onEnd(listener: () => void): void;
}

export interface RouteRateLimits {
  readonly route: readonly RateLimit[];
  readonly virtualHost: readonly RateLimit[];
  /** `include_vh_rate_limits` of the route. */
  readonly includeVirtualHost: boolean;
}

export interface LocalReply {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** `%RESPONSE_CODE_DETAILS%`. */
  readonly details: string;
  readonly grpcStatus?: number;
  /** Neither the route nor `local_reply_config` changes it, and gRPC calls get it as it is. */
  readonly isFinal?: boolean;
}

/**
 * One filter of one stream; a method that is absent costs nothing.
 *
 * A filter that has stopped a message is still given its data and trailers. What its data method gives back is held
 * (the sender is slowed down beyond the connection's buffer limit) and goes on, after the headers, with `resume…`,
 * which the filter may call within its data and trailer methods: what these return then follows.
 */
export interface HttpFilter {
  onRequestHeaders?(stream: FilterStream, end: boolean): FilterVerdict;
  /**
   * May give back other bytes. The chunk may be lent (`sockets/reading.ts`): who needs it for longer keeps it. Called with an
   * empty buffer at the end when the last chunk was not marked.
   */
  onRequestData?(stream: FilterStream, chunk: Buffer, end: boolean): Buffer;
  onRequestTrailers?(stream: FilterStream, trailers: HeaderList): void;
  onResponseHeaders?(stream: FilterStream, status: number, headers: HeaderList, end: boolean): FilterVerdict;
  onResponseData?(stream: FilterStream, chunk: Buffer, end: boolean): Buffer;
  /** Bytes that are given back go before the trailers; trailers that are left empty are not sent. */
  onResponseTrailers?(stream: FilterStream, trailers: HeaderList): Buffer | undefined;
  /** The stream is over; `stream.info` is complete. */
  onComplete?(stream: FilterStream): void;
}

export interface FilterContext {
  /** `http.STAT_PREFIX.`. */
  readonly stats: StatsScope;
  /** Without a prefix. */
  readonly allStats: StatsScope;
  readonly clusters: Clusters;
  /** Whether the proxy was told to fail its health checks (`/healthcheck/fail`), as while it drains. */
  healthCheckFailed(): boolean;
  readonly listener: { readonly direction: 'inbound' | 'outbound' | 'unspecified' };
  readonly node: {
    readonly id: string;
    readonly cluster: string;
    readonly metadata: Readonly<Record<string, unknown>>;
  };
  random(): number;
}

/** A filter of a connection manager, compiled: makes what one stream needs, or undefined when it has nothing to do. */
export interface CompiledFilter {
  readonly name: string;
  forStream(stream: FilterStream): HttpFilter | undefined;
  close?(): void;
}

/** One kind of filter. Throws an `UnsupportedError` for settings that it does not have. */
export interface FilterKind {
  /** Of the settings, without its prefix: `envoy.extensions.filters.http.cors.v3.Cors`. */
  readonly typeName: string;
  compile(name: string, settings: Any, context: FilterContext): CompiledFilter;
  /** Checks settings that stand at a route; throws as `compile` does. */
  checkRouteSettings?(settings: Any): void;
}
