/** The tags of spans, under Envoy's names: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/observability/tracing */

import type { CustomTag } from '../../../xds/proto/generated/envoy/type/tracing/v3/custom_tag_pb.js';
import { placeText } from '../../address.ts';
import { UnsupportedError } from '../../route/unsupported.ts';
import { valueAt } from '../../route/value-matcher.ts';
import type { StreamInfo } from '../../stream-info.ts';
import { grpcStatusOf, isGrpc } from '../grpc-status.ts';
import { requestHeader } from '../operators/messages.ts';
import { shortFlags } from '../response-flags.ts';

export type Tag = readonly [name: string, value: string];

/** Undefined where there is nothing to tell. */
export type TagMaker = (info: StreamInfo) => Tag | undefined;

export interface TagOptions {
  readonly nodeId: string;
  readonly zone: string;
  readonly maxPathLength: number;
}

/** A zone that is not known is told as such to those who take that. */
export function commonTags(info: StreamInfo, { nodeId, zone, maxPathLength }: TagOptions): Tag[] {
  const { requestHeaders: headers, upstreamCluster: cluster } = info;
  const tags: Tag[] = [];
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined && value !== '') tags.push([name, value]);
  };
  const path = (headers?.get('x-envoy-original-path') ?? info.originalPath).slice(0, maxPathLength);
  add('guid:x-request-id', info.requestId);
  add('http.url', `${info.scheme}://${info.authority}${path}`);
  add('http.method', info.method);
  add('downstream_cluster', headers?.get('x-envoy-downstream-service-cluster') ?? '-');
  add('user_agent', headers?.get('user-agent') ?? '-');
  add('http.protocol', info.protocol);
  const { directRemotePlace } = info.connection;
  add('peer.address', directRemotePlace.kind === 'ip' ? directRemotePlace.ip : placeText(directRemotePlace));
  add('guid:x-client-trace-id', headers?.get('x-client-trace-id'));
  if (isGrpc(headers)) {
    add('grpc.path', path);
    add('grpc.authority', info.authority);
    add('grpc.content_type', headers?.get('content-type'));
    add('grpc.timeout', headers?.get('grpc-timeout'));
    const message = info.responseTrailers?.get('grpc-message') ?? info.responseHeaders?.get('grpc-message');
    tags.push(...grpcTags(grpcStatusOf(info), message));
  }
  add('request_size', String(info.bytesReceived));
  add('node_id', nodeId);
  tags.push(['zone', zone]);
  add('component', 'proxy');
  if (cluster !== undefined) {
    add('upstream_cluster', cluster.name);
    add('upstream_cluster.name', cluster.statName);
  }
  add('http.status_code', String(info.responseCode));
  add('response_size', String(info.bytesSent));
  add('response_flags', shortFlags(info.responseFlags) ?? '-');
  if (isFailure(info)) add('error', 'true');
  return tags;
}

/** Undefined for what is no gRPC. */
export function grpcTags(status: number | undefined, message: string | undefined): Tag[] {
  if (status === undefined) return [];
  const tags: Tag[] = [['grpc.status_code', String(status)]];
  if (message !== undefined && message !== '') tags.push(['grpc.message', message]);
  return tags;
}

function isFailure(info: StreamInfo): boolean {
  const status = isGrpc(info.requestHeaders) ? grpcStatusOf(info) : undefined;
  return isFailed(info.responseCode, status);
}

/** Codes of gRPC that a server is to blame for: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
export const SERVER_ERRORS: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

/** Without an answer, or with a server's error. `grpcStatus` is undefined for what is no gRPC. */
export function isFailed(status: number, grpcStatus: number | undefined): boolean {
  if (grpcStatus !== undefined) return SERVER_ERRORS.has(grpcStatus);
  return status === 0 || status >= 500;
}

/** Throws an `UnsupportedError` for kinds that are not known. */
export function compileCustomTag({ tag, type }: CustomTag, environment = process.env): TagMaker {
  switch (type.case) {
    case 'literal': {
      const made: Tag = [tag, type.value.value];
      return () => made;
    }
    case 'environment': {
      const value = environment[type.value.name] ?? type.value.defaultValue;
      return () => (value === '' ? undefined : [tag, value]);
    }
    case 'requestHeader': {
      const header = requestHeader(type.value.name.toLowerCase());
      const { defaultValue } = type.value;
      return (info) => {
        const value = header(info) ?? defaultValue;
        return value === '' ? undefined : [tag, value];
      };
    }
    case 'metadata': {
      const { kind, metadataKey, defaultValue } = type.value;
      const path = (metadataKey?.path ?? []).map(({ segment }) => segment.value ?? '');
      const filter = metadataKey?.key ?? '';
      return (info) => {
        const found = valueAt(metadataOf(info, kind?.kind.case, filter), path);
        const text = found === undefined || found === null ? defaultValue : textOf(found);
        return text === '' ? undefined : [tag, text];
      };
    }
    default:
      throw new UnsupportedError(`custom tag ${type.case ?? 'without a kind'}`);
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function metadataOf(
  info: StreamInfo,
  kind: 'request' | 'route' | 'cluster' | 'host' | undefined,
  filter: string,
): Readonly<Record<string, unknown>> | undefined {
  switch (kind) {
    case 'route':
      return info.routeMetadata?.filterMetadata[filter];
    case 'cluster':
      return info.upstreamCluster?.metadata?.filterMetadata[filter];
    case 'host':
      return info.upstreamHost?.metadata?.filterMetadata[filter];
    default:
      return info.dynamicMetadata.get(filter);
  }
}
