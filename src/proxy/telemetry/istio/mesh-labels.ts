/**
 * Who calls whom, as labels of Istio's standard metrics have it. Peers are known by the metadata of endpoints.
 * https://istio.io/latest/docs/reference/config/metrics/
 */

import type { JsonObject } from '@bufbuild/protobuf';
import type { NodeInfo } from '../../listeners/network-filter.ts';
import type { StatTags } from '../../stats/stats.ts';
import type { StreamInfo } from '../../stream-info.ts';

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

export type Direction = 'inbound' | 'outbound' | 'unspecified';

/** Sets of labels that are kept at once; clients choose some of the values. */
export const MOST_LABELS = 10_000;

/** The labels that all of Istio's metrics of this proxy have. */
export interface MeshLabels {
  /** Who reports, both sides and the service. */
  peers(info: StreamInfo): StatTags;
  /** `connection_security_policy`, which only a server knows. */
  security(info: StreamInfo): string;
}

/** Undefined for a proxy that belongs to no mesh: its node names no namespace. */
export function meshLabels(node: NodeInfo, direction: Direction): MeshLabels | undefined {
  if (typeof node.metadata.NAMESPACE !== 'string' || direction === 'unspecified') return undefined;
  const own = ownWorkload(node);
  const isServer = direction === 'inbound';
  return {
    peers(info) {
      const [source, destination] = isServer ? [NOBODY, own] : [own, endpointWorkload(info)];
      const [host, name, namespace] = serviceOf(info);
      return [
        ['reporter', isServer ? 'destination' : 'source'],
        ...sideTags('source', source),
        ...sideTags('destination', destination),
        ['destination_service', host],
        ['destination_service_name', name],
        ['destination_service_namespace', namespace === UNKNOWN ? destination.namespace : namespace],
      ];
    },
    security: ({ connection }) => (isServer ? (connection.tls ? 'mutual_tls' : 'none') : UNKNOWN),
  };
}

/** What tells peers from each other, cheaper than the labels themselves. */
export function peersKey({ upstreamCluster, upstreamHost, connection }: StreamInfo): string {
  return `${upstreamCluster?.name ?? ''} ${upstreamHost?.id ?? ''} ${connection.tls}`;
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
