/** The span of one try to have a request answered by an endpoint, below the span of the request (`spawn_upstream_span`). */

import { placeText } from '../../address.ts';
import type { HeaderList } from '../../http/header-list.ts';
import type { StreamInfo } from '../../stream-info.ts';
import type { Cluster, Host } from '../../upstream/types.ts';
import { grpcStatusIn, isGrpc } from '../grpc-status.ts';
import type { TraceContext } from './context.ts';
import type { Span } from './span.ts';
import { type Tag, grpcTags, isFailed } from './tags.ts';

/** What a try tells as it goes on. */
export interface TrySpan {
  /** Its head came. */
  answered(status: number, headers: HeaderList): void;
  ended(trailers: HeaderList): void;
  /** It failed, for a reason in Envoy's words and with its flag. */
  failed(reason: string, flag: string): void;
  /** Nothing more is wanted of it. */
  canceled(): void;
  /** It is over. `protocol` is empty for one that was never sent. */
  finish(protocol: string): void;
}

export interface TryOptions {
  readonly context: TraceContext;
  readonly info: StreamInfo;
  readonly cluster: Cluster;
  readonly host: Host;
  /** 1 for the first. */
  readonly number: number;
  /** Tags of the connection manager and the route. */
  customTags(info: StreamInfo): readonly Tag[];
  add(span: Span): void;
}

export function trySpan({ context, info, cluster, host, number, customTags, add }: TryOptions): TrySpan {
  const start = performance.now();
  let status = 0;
  let headers: HeaderList | undefined;
  let trailers: HeaderList | undefined;
  let reason = '';
  let flag = '-';
  let isCanceled = false;

  function tags(protocol: string, grpcStatus: number | undefined): Tag[] {
    const place = placeText(host.place);
    const made: Tag[] = [];
    if (number > 1) made.push(['retry.count', String(number - 1)]);
    made.push(['http.protocol', protocol === '' ? '-' : protocol], ['upstream_address', place]);
    made.push(['peer.address', place], ['component', 'proxy'], ['upstream_cluster', cluster.name]);
    made.push(['upstream_cluster.name', cluster.statName], ['http.status_code', String(status)]);
    made.push(...grpcTags(grpcStatus, trailers?.get('grpc-message') ?? headers?.get('grpc-message')));
    made.push(['response_flags', flag]);
    if (isCanceled || reason !== '' || isFailed(status, grpcStatus)) made.push(['error', 'true']);
    if (isCanceled) made.push(['canceled', 'true']);
    if (reason !== '') made.push(['error.reason', reason]);
    return [...made, ...customTags(info)];
  }

  return {
    answered(code, list) {
      status = code;
      headers = list;
    },
    ended: (list) => (trailers = list),
    failed(why, short) {
      reason = why;
      flag = short;
    },
    canceled: () => (isCanceled = true),
    finish(protocol) {
      const grpcStatus =
        isGrpc(info.requestHeaders) && status !== 0 ? grpcStatusIn(status, headers, trailers) : undefined;
      const { traceId, spanId, parentId, traceState } = context;
      add({
        traceId,
        id: spanId,
        parentId,
        continues: false,
        traceState,
        kind: 'client',
        name: `router ${cluster.statName} egress`,
        start: performance.timeOrigin + start,
        duration: performance.now() - start,
        tags: tags(protocol, grpcStatus),
        httpStatus: status,
        grpcStatus,
      });
    },
  };
}
