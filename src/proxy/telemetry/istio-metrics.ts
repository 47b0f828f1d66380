/**
 * Istio's standard metrics of HTTP and gRPC requests, for proxies whose node says that they are part of a mesh.
 * https://istio.io/latest/docs/reference/config/metrics/
 */

import type { JsonObject } from '@bufbuild/protobuf';
import type { NodeInfo } from '../listeners/network-filter.ts';
import type { Counter, Histogram, StatTags, StatsScope } from '../stats/stats.ts';
import type { AccessLogger, StreamInfo } from '../stream-info.ts';
import { grpcStatusOf, isGrpc } from './grpc-status.ts';
import { shortFlags } from './response-flags.ts';

/** What is known of a workload; `unknown` for the rest. */
interface Workload {
  readonly name: string;
  readonly namespace: string;
  readonly app: string;
  readonly version: string;
  readonly canonicalName: string;
  readonly canonicalRevision: string;
  readonly cluster: string;
}

const UNKNOWN = 'unknown';
const NOBODY: Workload = {
  name: UNKNOWN,
  namespace: UNKNOWN,
  app: UNKNOWN,
  version: UNKNOWN,
  canonicalName: UNKNOWN,
  canonicalRevision: UNKNOWN,
  cluster: UNKNOWN,
};

/** Sets of labels that are kept at once; clients choose some of the values. */
const MOST = 10_000;

interface Metrics {
  readonly requests: Counter;
  readonly duration: Histogram;
  readonly requestBytes: Histogram;
  readonly responseBytes: Histogram;
}

function textOf(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : UNKNOWN;
}

function labelsOf(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { LABELS: labels } = metadata;
  return typeof labels === 'object' && labels !== null ? (labels as Readonly<Record<string, unknown>>) : {};
}

function ownWorkload({ metadata }: NodeInfo): Workload {
  const labels = labelsOf(metadata);
  const app = textOf(labels.app);
  return {
    name: textOf(metadata.WORKLOAD_NAME),
    namespace: textOf(metadata.NAMESPACE),
    app,
    version: textOf(labels.version),
    canonicalName: textOf(labels['service.istio.io/canonical-name'] ?? labels.app ?? metadata.WORKLOAD_NAME),
    canonicalRevision: textOf(labels['service.istio.io/canonical-revision'] ?? labels.version ?? 'latest'),
    cluster: textOf(metadata.CLUSTER_ID),
  };
}

function istioMetadata(
  metadata: { readonly filterMetadata: Readonly<Record<string, JsonObject>> } | undefined,
) {
  return metadata?.filterMetadata['istio'];
}

/** Of an endpoint: `workload;namespace;canonical name;canonical revision;cluster`. */
function endpointWorkload({ upstreamHost }: StreamInfo): Workload {
  const text = istioMetadata(upstreamHost?.metadata)?.['workload'];
  if (typeof text !== 'string') return NOBODY;
  const [name, namespace, canonicalName, canonicalRevision, cluster] = text.split(';').map(textOf);
  return {
    ...NOBODY,
    name: name ?? UNKNOWN,
    namespace: namespace ?? UNKNOWN,
    canonicalName: canonicalName ?? UNKNOWN,
    canonicalRevision: canonicalRevision ?? UNKNOWN,
    cluster: cluster ?? UNKNOWN,
  };
}

/** The service that was asked: of the cluster's metadata, else of its name `outbound|PORT|SUBSET|HOST`. */
function serviceOf({
  upstreamCluster,
}: StreamInfo): readonly [host: string, name: string, namespace: string] {
  const services = istioMetadata(upstreamCluster?.metadata)?.['services'];
  const [first] = Array.isArray(services) ? services : [];
  if (typeof first === 'object' && first !== null && !Array.isArray(first)) {
    return [textOf(first['host']), textOf(first['name']), textOf(first['namespace'])];
  }
  const host = upstreamCluster?.name.split('|')[3] ?? '';
  if (host === '') return [textOf(upstreamCluster?.name), textOf(upstreamCluster?.name), UNKNOWN];
  const [name, namespace] = /\.svc\./.test(host) ? host.split('.') : [host];
  return [host, textOf(name), textOf(namespace)];
}

/** Undefined for a proxy that belongs to no mesh: its node names no namespace. */
export function istioMetrics(
  stats: StatsScope,
  node: NodeInfo,
  direction: 'inbound' | 'outbound' | 'unspecified',
): AccessLogger | undefined {
  if (typeof node.metadata.NAMESPACE !== 'string' || direction === 'unspecified') return undefined;
  const own = ownWorkload(node);
  const isServer = direction === 'inbound';
  const known = new Map<string, Metrics>();

  function tagsOf(info: StreamInfo): StatTags {
    const [source, destination] = isServer ? [NOBODY, own] : [own, endpointWorkload(info)];
    const [host, name, namespace] = serviceOf(info);
    const grpc = isGrpc(info.requestHeaders);
    const security = isServer ? (info.connection.tls ? 'mutual_tls' : 'none') : UNKNOWN;
    return [
      ['reporter', isServer ? 'destination' : 'source'],
      ...sideTags('source', source),
      ...sideTags('destination', destination),
      ['destination_service', host],
      ['destination_service_name', name],
      ['destination_service_namespace', namespace === UNKNOWN ? destination.namespace : namespace],
      ['request_protocol', grpc ? 'grpc' : 'http'],
      ['response_code', String(info.responseCode)],
      ['grpc_response_status', grpc ? String(grpcStatusOf(info) ?? '') : ''],
      ['response_flags', shortFlags(info.responseFlags) ?? '-'],
      ['connection_security_policy', security],
    ];
  }

  /** What tells one set of labels from another, cheaper than the labels themselves. */
  function keyOf(info: StreamInfo): string {
    const { upstreamCluster: cluster, upstreamHost: host, responseCode, responseFlags } = info;
    const grpc = isGrpc(info.requestHeaders) ? String(grpcStatusOf(info) ?? '') : 'http';
    return `${cluster?.name ?? ''} ${host?.id ?? ''} ${responseCode} ${responseFlags.join()} ${grpc} ${info.connection.tls}`;
  }

  return (info) => {
    const key = keyOf(info);
    let metrics = known.get(key);
    if (metrics === undefined) {
      if (known.size >= MOST) known.clear();
      const tags = tagsOf(info);
      metrics = {
        requests: stats.counter('istio_requests_total', tags),
        duration: stats.histogram('istio_request_duration_milliseconds', tags),
        requestBytes: stats.histogram('istio_request_bytes', tags),
        responseBytes: stats.histogram('istio_response_bytes', tags),
      };
      known.set(key, metrics);
    }
    metrics.requests.value++;
    metrics.duration.record(Math.floor(info.times.end - info.times.start));
    metrics.requestBytes.record(info.requestHeaderBytes + info.bytesReceived);
    metrics.responseBytes.record(info.responseHeaderBytes + info.bytesSent);
  };
}

function sideTags(side: 'source' | 'destination', workload: Workload): StatTags {
  return [
    [`${side}_workload`, workload.name],
    [`${side}_workload_namespace`, workload.namespace],
    [`${side}_principal`, UNKNOWN],
    [`${side}_app`, workload.app],
    [`${side}_version`, workload.version],
    [`${side}_canonical_service`, workload.canonicalName],
    [`${side}_canonical_revision`, workload.canonicalRevision],
    [`${side}_cluster`, workload.cluster],
  ];
}
