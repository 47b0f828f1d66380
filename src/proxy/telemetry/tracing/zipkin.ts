/** Spans for Zipkin and what speaks as it does: JSON of its second version over HTTP. https://zipkin.io/zipkin-api/ */

import {
  type ZipkinConfig,
  ZipkinConfig_CollectorEndpointVersion as Version,
} from '../../../xds/proto/generated/envoy/config/trace/v3/zipkin_pb.js';
import { UnsupportedError } from '../../route/unsupported.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { Clusters } from '../../upstream/types.ts';
import { exportInBatches } from './batches.ts';
import type { Span, SpanExporter } from './span.ts';

/** Where the spans are from. */
export interface LocalEndpoint {
  readonly serviceName: string;
  /** Empty when unknown. */
  readonly ip: string;
}

export function zipkinExporter(
  config: ZipkinConfig,
  local: LocalEndpoint,
  { clusters, stats }: { readonly clusters: Clusters; readonly stats: StatsScope },
): SpanExporter {
  if (config.collectorEndpointVersion !== Version.HTTP_JSON) {
    throw new UnsupportedError(`collector_endpoint_version ${Version[config.collectorEndpointVersion]}`);
  }
  const endpoint = {
    serviceName: local.serviceName,
    ...(local.ip === '' ? {} : { [local.ip.includes(':') ? 'ipv6' : 'ipv4']: local.ip }),
  };
  return exportInBatches({
    clusters,
    stats: stats.scope('tracing.zipkin.'),
    encode: (spans) => ({
      cluster: config.collectorCluster,
      path: config.collectorEndpoint,
      authority: config.collectorHostname === '' ? config.collectorCluster : config.collectorHostname,
      headers: [['content-type', 'application/json']],
      body: Buffer.from(JSON.stringify(spans.map((span) => zipkinSpan(span, endpoint)))),
      grpc: false,
      timeout: 5_000,
    }),
  });
}

/** Times are microseconds. */
function zipkinSpan(span: Span, localEndpoint: object): object {
  return {
    traceId: span.traceId,
    name: span.name,
    id: span.id,
    ...(span.parentId === '' ? {} : { parentId: span.parentId }),
    kind: span.kind.toUpperCase(),
    timestamp: Math.round(span.start * 1000),
    duration: Math.max(1, Math.round(span.duration * 1000)),
    localEndpoint,
    tags: Object.fromEntries(span.tags),
    ...(span.shared ? { shared: true } : {}),
  };
}
