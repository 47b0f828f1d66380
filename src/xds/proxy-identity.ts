/** Who a proxy says it is: Envoy's node with Istio's conventions for its id and metadata. */

import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { isIp } from '../base/cidr.ts';
import { MeshError } from '../base/mesh-error.ts';
import type { Locality, Node } from './proto/generated/envoy/config/core/v3/base_pb.js';
import { ConfigSchema as PeerMetadataSchema } from './proto/generated/io/istio/http/peer_metadata/config_pb.js';

const PROXY_TYPES = ['sidecar', 'router', 'waypoint', 'ztunnel'] as const;

export type ProxyType = (typeof PROXY_TYPES)[number];
export type InterceptionMode = 'REDIRECT' | 'TPROXY' | 'NONE';

export interface ProxyLocality {
  readonly region: string;
  readonly zone: string;
  readonly subzone: string;
}

/** Files of a certificate in the proxy's own file system. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly privateKey: string;
  /** Certificates of the authorities that peers are trusted by; '' when none is named. */
  readonly authorities: string;
}

export interface ProxyIdentity {
  readonly type: ProxyType;
  /** The whole node id. */
  readonly nodeId: string;
  /** `name.namespace`: how `proxyID` names the proxy. */
  readonly id: string;
  /** The workload's own name: of its pod, as a rule. */
  readonly name: string;
  /** Whose configuration holds for it. */
  readonly namespace: string;
  /** At least one. */
  readonly ips: readonly string[];
  /** `shop.svc.cluster.local`; short host names are resolved in it. */
  readonly dnsDomain: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly cluster: string;
  readonly network: string;
  /** As told: `1.27.0`; empty when the proxy does not say. */
  readonly version: string;
  readonly interceptionMode: InterceptionMode;
  /** A gRPC application without a proxy, which takes another form of resources. */
  readonly isProxylessGrpc: boolean;
  /** No proxy at all: another controller, which takes the objects of the configuration. */
  readonly isConfigClient: boolean;
  readonly locality: ProxyLocality;
  /** It came in where Secrets are served. */
  readonly takesSecrets: boolean;
  /** The certificate that it shows to servers of the mesh, and to clients, where files hold one. */
  readonly clientCertificate: CertificateFiles | undefined;
  readonly serverCertificate: CertificateFiles | undefined;
  /**
   * What its own ProxyConfig says of headers, in place of the mesh's; undefined when it brings none. The rest of it
   * is not here, in which proxies that are otherwise alike differ.
   */
  readonly ownHeaders: JsonObject | undefined;
  /** It can tell other proxies whom it serves, which a stock Envoy cannot. */
  readonly tellsPeers: boolean;
  /** The node's metadata as it came. */
  readonly metadata: JsonObject;
}

/** Reads an Envoy node, and where it came in. Throws a `MeshError` that says what is wrong with it. */
export function proxyIdentity(
  node: Node,
  { servesSecrets }: { readonly servesSecrets: boolean } = { servesSecrets: false },
): ProxyIdentity {
  const parts = node.id.split('~');
  const [type, ip, id, dnsDomain] = parts;
  if (parts.length !== 4 || type === undefined || ip === undefined || id === undefined) {
    throw badNode(`the node id "${node.id}" does not have four parts`);
  }
  const metadata = node.metadata ?? {};
  const ips = text(metadata.INSTANCE_IPS, ip)
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  const wrong = ips.find((one) => !isIp(one));
  if (wrong !== undefined || ips.length === 0) {
    throw badNode(`the proxy ${id} names the address "${wrong ?? ''}", which is no IP address`);
  }
  const domain = dnsDomain ?? '';
  const dot = id.lastIndexOf('.');
  return {
    type: proxyType(type, node.id),
    nodeId: node.id,
    id,
    name: dot < 0 ? id : id.slice(0, dot),
    namespace: text(metadata.NAMESPACE, domain.split('.', 1)[0] ?? ''),
    ips,
    dnsDomain: domain,
    labels: labelsOf(metadata.LABELS),
    serviceAccount: text(metadata.SERVICE_ACCOUNT, ''),
    cluster: text(metadata.CLUSTER_ID, ''),
    network: text(metadata.NETWORK, ''),
    version: text(metadata.ISTIO_VERSION, ''),
    interceptionMode: interceptionMode(metadata.INTERCEPTION_MODE),
    isProxylessGrpc: metadata.GENERATOR === 'grpc',
    isConfigClient: metadata.GENERATOR === 'api',
    locality: localityOf(node.locality),
    takesSecrets: servesSecrets,
    clientCertificate: certificateFiles(metadata, 'TLS_CLIENT'),
    serverCertificate: certificateFiles(metadata, 'TLS_SERVER'),
    ownHeaders: ownHeaders(metadata.PROXY_CONFIG),
    tellsPeers: node.extensions.some(({ typeUrls }) => typeUrls.includes(PeerMetadataSchema.typeName)),
    metadata,
  };
}

function proxyType(type: string, nodeId: string): ProxyType {
  const known = PROXY_TYPES.find((one) => one === type);
  if (known !== undefined) return known;
  throw badNode(`the node id "${nodeId}" begins with "${type}", which is no type of proxy`);
}

function interceptionMode(value: JsonValue | undefined): InterceptionMode {
  return value === 'TPROXY' || value === 'NONE' ? value : 'REDIRECT';
}

/** As `ISTIO_META_TLS_CLIENT_CERT_CHAIN` and its kin tell the agent. */
function certificateFiles(
  metadata: JsonObject,
  prefix: 'TLS_CLIENT' | 'TLS_SERVER',
): CertificateFiles | undefined {
  const certificate = text(metadata[`${prefix}_CERT_CHAIN`], '');
  if (certificate === '') return undefined;
  return {
    certificate,
    privateKey: text(metadata[`${prefix}_KEY`], ''),
    authorities: text(metadata[`${prefix}_ROOT_CERT`], ''),
  };
}

function localityOf(locality: Locality | undefined): ProxyLocality {
  return {
    region: locality?.region ?? '',
    zone: locality?.zone ?? '',
    subzone: locality?.subZone ?? '',
  };
}

function ownHeaders(config: JsonValue | undefined): JsonObject | undefined {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return undefined;
  const { proxyHeaders = null, gatewayTopology = null } = config;
  return { proxyHeaders, gatewayTopology };
}

function labelsOf(value: JsonValue | undefined): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function text(value: JsonValue | undefined, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback;
}

function badNode(message: string): MeshError {
  return new MeshError('BadProxyIdentity', message, {
    hint: 'A node id is TYPE~IP~NAME.NAMESPACE~DOMAIN, as sidecar~10.1.2.3~web-0.shop~shop.svc.cluster.local.',
  });
}
