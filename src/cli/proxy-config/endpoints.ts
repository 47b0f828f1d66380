/** `mesh proxy-config endpoint`: endpoints as the proxy sees them now, from its `/clusters?format=json`. */

import { MeshError } from '../../base/mesh-error.ts';
import { tabwriter } from '../output/tabwriter.ts';
import { compareTexts } from './cluster-name.ts';
import { field, type JsonObject, list, number, text } from './fields.ts';

export interface EndpointFilter {
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly cluster?: string | undefined;
  readonly status?: string | undefined;
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly cluster: string;
  readonly status: string;
  readonly isEjected: boolean;
}

const PADDING = 5;

/** Throws a `MeshError` for a dump of the configuration, which is another thing. */
export function requireClusters(answer: JsonObject, origin: string): JsonObject {
  if (answer['configs'] === undefined) return answer;
  throw new MeshError('BadDump', 'this is a dump of the configuration, not the state of the clusters', {
    where: { file: origin },
    hint: 'Use "mesh proxy-config eds -f" for it, or save what "curl \'localhost:15000/clusters?format=json\'" prints.',
  });
}

function addressOf(host: unknown): string {
  const address = field(host, 'address');
  if (field(address, 'socket_address') !== undefined) return text(address, 'socket_address', 'address');
  if (field(address, 'pipe') !== undefined) return `unix://${text(address, 'pipe', 'path')}`;
  return internalAddress(address) ?? 'unknown';
}

/** `envoy://connect_originate/10.0.0.1:80`; undefined for other addresses. */
export function internalAddress(address: unknown): string | undefined {
  const internal = field(address, 'envoy_internal_address');
  const name = field(internal, 'server_listener_name');
  return typeof name === 'string' ? `envoy://${name}/${text(internal, 'endpoint_id')}` : undefined;
}

/** A word of the API's HealthStatus, for a word or its number. */
export function healthStatus(value: unknown): string {
  if (typeof value === 'string') return value;
  const names = ['UNKNOWN', 'HEALTHY', 'UNHEALTHY', 'DRAINING', 'TIMEOUT', 'DEGRADED'];
  return names[Number(value ?? 0)] ?? 'UNKNOWN';
}

function endpointOf(host: unknown, cluster: string): Endpoint {
  return {
    address: addressOf(host),
    port: number(host, 'address', 'socket_address', 'port_value'),
    cluster,
    status: healthStatus(field(host, 'health_status', 'eds_health_status')),
    isEjected: field(host, 'health_status', 'failed_outlier_check') === true,
  };
}

function isWanted(endpoint: Endpoint, filter: EndpointFilter): boolean {
  const { port = 0 } = filter;
  return (
    isSame(filter.address, endpoint.address) &&
    isSame(filter.cluster, endpoint.cluster) &&
    isSame(filter.status, endpoint.status) &&
    (port === 0 || endpoint.port === port)
  );
}

/** Whatever the case; everything when nothing is wanted. */
export function isSame(wanted: string | undefined, actual: string): boolean {
  return wanted === undefined || wanted === '' || wanted.toLowerCase() === actual.toLowerCase();
}

function endpointsOf(cluster: unknown, filter: EndpointFilter): readonly Endpoint[] {
  return list(cluster, 'host_statuses')
    .map((host) => endpointOf(host, text(cluster, 'name')))
    .filter((endpoint) => isWanted(endpoint, filter));
}

/** The clusters that have an endpoint which passes the filter. */
export function clusterStatusesOf(answer: JsonObject, filter: EndpointFilter): readonly unknown[] {
  return list(answer, 'cluster_statuses').filter((cluster) => endpointsOf(cluster, filter).length > 0);
}

export function endpointTable(answer: JsonObject, filter: EndpointFilter): string {
  const rows = list(answer, 'cluster_statuses')
    .flatMap((cluster) => endpointsOf(cluster, filter))
    .sort(
      (one, other) =>
        compareTexts(one.address, other.address) ||
        one.port - other.port ||
        compareTexts(one.cluster, other.cluster),
    )
    .map(({ address, port, cluster, status, isEjected }) => [
      port === 0 ? address : `${address}:${port}`,
      status,
      isEjected ? 'FAILED' : 'OK',
      cluster,
    ]);
  return tabwriter([['ENDPOINT', 'STATUS', 'OUTLIER CHECK', 'CLUSTER'], ...rows], PADDING);
}
