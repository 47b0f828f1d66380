/** Spans for Zipkin and what speaks as it does: JSON of its second version over HTTP. https://zipkin.io/zipkin-api/ */

import { networkInterfaces } from 'node:os';
import {
  type ZipkinConfig,
  ZipkinConfig_CollectorEndpointVersion as Version,
} from '../../../xds/proto/generated/envoy/config/trace/v3/zipkin_pb.js';
import { UnsupportedError } from '../../route/unsupported.ts';
import type { StatsScope } from '../../stats/stats.ts';
import type { Clusters } from '../../upstream/types.ts';
import { exportInBatches } from './batches.ts';
import type { Span, SpanExporter } from './span.ts';

/** The machine's own address, as Envoy tells it: the first that others can reach. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

export function zipkinExporter(
  config: ZipkinConfig,
  serviceName: string,
  { clusters, stats }: { readonly clusters: Clusters; readonly stats: StatsScope },
): SpanExporter {
  if (config.collectorEndpointVersion !== Version.HTTP_JSON) {
    throw new UnsupportedError(`collector_endpoint_version ${Version[config.collectorEndpointVersion]}`);
  }
  if (config.splitSpansForRequest) throw new UnsupportedError('split_spans_for_request');
  const endpoint = { serviceName, ipv4: ownAddress(), port: 0 };
  const shares = config.sharedSpanContext ?? true;
  return exportInBatches({
    clusters,
    stats: stats.scope('tracing.zipkin.'),
    encode: (spans) => ({
      cluster: config.collectorCluster,
      path: config.collectorEndpoint,
      authority: config.collectorHostname === '' ? config.collectorCluster : config.collectorHostname,
      headers: [['content-type', 'application/json']],
      body: Buffer.from(JSON.stringify(spans.map((span) => zipkinSpan(span, endpoint, shares)))),
      grpc: false,
      timeout: 5_000,
    }),
  });
}

/** Times are microseconds. */
function zipkinSpan(span: Span, localEndpoint: object, shares: boolean): object {
  const timestamp = Math.round(span.start * 1000);
  const duration = Math.max(1, Math.round(span.duration * 1000));
  const isServer = span.kind === 'server';
  return {
    traceId: span.traceId,
    name: span.name,
    id: span.id,
    ...(span.parentId === '' ? {} : { parentId: span.parentId }),
    kind: span.kind.toUpperCase(),
    timestamp,
    duration,
    localEndpoint,
    // When the answer was sent, or had come.
    annotations: [{ timestamp: timestamp + duration, value: isServer ? 'ss' : 'cr' }],
    tags: Object.fromEntries(span.tags.filter(([, value]) => value !== '')),
    // A server says so of all of its spans where it would take over the caller's.
    ...(shares && isServer ? { shared: true } : {}),
  };
}
