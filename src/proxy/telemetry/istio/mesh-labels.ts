/**
 * Who calls whom, as labels of Istio's standard metrics have it.
 * https://istio.io/latest/docs/reference/config/metrics/
 */

import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { NodeInfo } from '../../listeners/network-filter.ts';
import type { StatTags } from '../../stats/stats.ts';
import type { StreamInfo } from '../../stream-info.ts';
import type { Cluster, Host } from '../../upstream/types.ts';
import { type Principals, principalsOf } from './principals.ts';
import { type Workload, ownWorkload, workloadOfEndpoint } from './workload.ts';

const UNKNOWN = 'unknown';

function orUnknown(text: string | undefined): string {
  return text === undefined || text === '' ? UNKNOWN : text;
}

function istioMetadata(
  metadata: { readonly filterMetadata: Readonly<Record<string, JsonObject>> } | undefined,
) {
  return metadata?.filterMetadata['istio'];
}

const ENDPOINTS = new WeakMap<Host, Workload>();

/** What the controller says of an endpoint, for one that says nothing itself. */
function endpointWorkload(host: Host | undefined): Workload | undefined {
  if (host === undefined) return undefined;
  const known = ENDPOINTS.get(host);
  if (known !== undefined) return known;
  const text = istioMetadata(host.metadata)?.['workload'];
  const found = typeof text === 'string' ? workloadOfEndpoint(text) : undefined;
  if (found !== undefined) ENDPOINTS.set(host, found);
  return found;
}

/** Clusters that stand for what no service is known of. */
const NO_SERVICE = /^(?:BlackHole|(?:Inbound)?Passthrough)Cluster(?:Ipv[46])?$/;
const OF_ROUTES: ReadonlyMap<string, string> = new Map([
  ['block_all', 'BlackHoleCluster'],
  ['allow_any', 'PassthroughCluster'],
]);

interface Service {
  readonly host: string;
  readonly name: string;
  readonly namespace: string;
}

function firstService({ upstreamCluster }: StreamInfo): JsonObject | undefined {
  const services = istioMetadata(upstreamCluster?.metadata)?.['services'];
  const first: JsonValue | undefined = Array.isArray(services) ? services[0] : undefined;
  return typeof first === 'object' && first !== null && !Array.isArray(first) ? first : undefined;
}

function field(of: JsonObject, name: string): string | undefined {
  const value = of[name];
  return typeof value === 'string' ? value : undefined;
}

/** The service that was asked. Where none is known the host of the request stands for it, if `byHost`. */
function serviceOf(info: StreamInfo, byHost: boolean): Service {
  const asked = byHost ? info.authority : '';
  const instead = OF_ROUTES.get(info.routeName);
  if (instead !== undefined) return { host: asked, name: instead, namespace: '' };
  const cluster = info.upstreamCluster?.name ?? '';
  if (NO_SERVICE.test(cluster)) return { host: asked, name: cluster, namespace: '' };
  const service = firstService(info);
  if (service === undefined) return { host: asked, name: asked, namespace: '' };
  const host = field(service, 'host') ?? asked;
  return {
    host,
    name: field(service, 'name') ?? host.split('.')[0] ?? '',
    namespace: field(service, 'namespace') ?? '',
  };
}

/** Of `spiffe://DOMAIN/ns/NAMESPACE/sa/ACCOUNT`. */
function namespaceOf(principal: string): string | undefined {
  return /\/ns\/([^/]*)/.exec(principal)?.[1];
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
  /** What tells peers from each other, cheaper than the labels themselves. */
  key(info: StreamInfo): string;
  /** All that the labels come from, to be asked for again with `isOf`, which is cheaper still. */
  origin(info: StreamInfo): LabelOrigin;
  /** Whether the labels come from these, and are the same therefore. */
  isOf(origin: LabelOrigin, info: StreamInfo): boolean;
}

/** Whom and what a request or connection has met. */
export interface LabelOrigin {
  readonly cluster: Cluster | undefined;
  readonly host: Host | undefined;
  readonly routeName: string;
  readonly authority: string;
  readonly peer: Workload | undefined;
  readonly principals: Principals;
}

/** Undefined for a proxy that belongs to no mesh: its node names no namespace. */
export function meshLabels(node: NodeInfo, direction: Direction): MeshLabels | undefined {
  if (typeof node.metadata.NAMESPACE !== 'string' || direction === 'unspecified') return undefined;
  const own = ownWorkload(node.metadata);
  const isServer = direction === 'inbound';
  // Whoever calls a gateway from outside could make up any host.
  const byHost = !isServer && node.id.startsWith('sidecar~');

  /** What the other side has said of itself. */
  function toldPeer(info: StreamInfo): Workload | undefined {
    return isServer ? info.downstreamPeer : info.upstreamPeer;
  }

  function peerOf(info: StreamInfo): Workload | undefined {
    if (isServer) return info.downstreamPeer;
    return info.upstreamPeer ?? endpointWorkload(info.upstreamHost);
  }

  function principals({ connection, upstreamSocket }: StreamInfo) {
    return principalsOf(isServer ? connection.socket : upstreamSocket);
  }

  function peerTags(info: StreamInfo): { readonly tags: StatTags; readonly namespace: string } {
    const peer = peerOf(info);
    const principal = principals(info).peer;
    // A certificate cannot be made up.
    const namespace = orUnknown(namespaceOf(principal) || peer?.namespace);
    const tags = sideTags(isServer ? 'source' : 'destination', {
      workload: orUnknown(peer?.name),
      namespace,
      principal: orUnknown(principal),
      app: orUnknown(peer?.app),
      version: orUnknown(peer?.version),
      service: orUnknown(peer?.canonicalName),
      revision: peer?.canonicalRevision || 'latest',
      cluster: orUnknown(peer?.cluster),
    });
    return { tags, namespace };
  }

  function ownTags(info: StreamInfo): StatTags {
    return sideTags(isServer ? 'destination' : 'source', {
      workload: own.name,
      namespace: own.namespace,
      principal: orUnknown(principals(info).own),
      app: own.app,
      version: own.version,
      service: own.canonicalName,
      revision: own.canonicalRevision,
      cluster: own.cluster,
    });
  }

  function serviceTags(info: StreamInfo, peerNamespace: string): StatTags {
    const { host, name, namespace } = serviceOf(info, byHost);
    return [
      ['destination_service', isServer ? host || own.canonicalName : orUnknown(host)],
      ['destination_service_name', isServer ? name || own.canonicalName : orUnknown(name)],
      ['destination_service_namespace', isServer ? own.namespace : namespace || peerNamespace],
    ];
  }

  return {
    peers(info) {
      const { tags, namespace } = peerTags(info);
      const sides = isServer ? [...tags, ...ownTags(info)] : [...ownTags(info), ...tags];
      return [['reporter', isServer ? 'destination' : 'source'], ...sides, ...serviceTags(info, namespace)];
    },
    security(info) {
      if (!isServer) return UNKNOWN;
      const { peer, own: local } = principals(info);
      return peer !== '' && local !== '' ? 'mutual_tls' : 'none';
    },
    origin(info) {
      return {
        cluster: info.upstreamCluster,
        host: info.upstreamHost,
        routeName: info.routeName,
        authority: info.authority,
        peer: toldPeer(info),
        principals: principals(info),
      };
    },
    isOf(origin, info) {
      return (
        origin.host === info.upstreamHost &&
        origin.cluster === info.upstreamCluster &&
        origin.routeName === info.routeName &&
        origin.authority === info.authority &&
        origin.peer === toldPeer(info) &&
        origin.principals === principals(info)
      );
    },
    key(info) {
      const { upstreamCluster, upstreamHost, routeName } = info;
      const { peer, own: local } = principals(info);
      const host = byHost && firstService(info) === undefined ? info.authority : '';
      const route = OF_ROUTES.get(routeName) ?? '';
      const told = toldPeer(info);
      const endpoint = isServer ? '' : (upstreamHost?.id ?? '');
      return `${upstreamCluster?.name ?? ''} ${endpoint} ${host} ${route} ${told?.key ?? ''} ${peer} ${local}`;
    },
  };
}

interface SideLabels {
  readonly workload: string;
  readonly namespace: string;
  readonly principal: string;
  readonly app: string;
  readonly version: string;
  readonly service: string;
  readonly revision: string;
  readonly cluster: string;
}

function sideTags(side: 'source' | 'destination', labels: SideLabels): StatTags {
  return [
    [`${side}_workload`, labels.workload],
    [`${side}_workload_namespace`, labels.namespace],
    [`${side}_principal`, labels.principal],
    [`${side}_app`, labels.app],
    [`${side}_version`, labels.version],
    [`${side}_canonical_service`, labels.service],
    [`${side}_canonical_revision`, labels.revision],
    [`${side}_cluster`, labels.cluster],
  ];
}
