/** The proxy's own clusters: the controller, the agent, its administration, and a statsd server. */

import { isIp } from '../../../base/cidr.ts';
import { MeshError } from '../../../base/mesh-error.ts';
import type { DiscoveryAddress } from '../proxy-config.ts';
import { OWN_CLUSTER } from '../../../xds/names.ts';
import { bindAddress, type Family } from './addresses.ts';

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Streams of discovery are few and long; no bound may cut them off. */
const UNBOUNDED = { max_connections: 100_000, max_pending_requests: 100_000, max_requests: 100_000 };

/** Where the configuration comes from. Throws a `MeshError` for a controller that wants TLS. */
export function discoveryCluster(discovery: DiscoveryAddress, family: Family): object {
  return {
    ...cluster('xds-grpc', '1s', endpointOf(discovery)),
    ...(discovery.kind === 'tcp' ? resolution(discovery.host, family) : { type: 'STATIC' }),
    circuit_breakers: {
      thresholds: ['DEFAULT', 'HIGH'].map((priority) => ({ priority, ...UNBOUNDED })),
    },
    upstream_connection_options: { tcp_keepalive: { keepalive_time: 300 } },
    typed_extension_protocol_options: {
      [HTTP_OPTIONS]: {
        '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  };
}

export function localCluster(name: string, family: Family, port: number): object {
  return { ...cluster(name, '0.250s', bindAddress(family.localhost, port)), type: 'STATIC' };
}

/** The endpoints of the proxy's own workload, as the controller knows them. Nothing is sent there. */
export function ownCluster(): object {
  return {
    name: OWN_CLUSTER,
    alt_stat_name: `${OWN_CLUSTER};`,
    type: 'EDS',
    connect_timeout: '1s',
    lb_policy: 'LEAST_REQUEST',
    eds_cluster_config: {
      service_name: OWN_CLUSTER,
      eds_config: { ads: {}, resource_api_version: 'V3' },
    },
  };
}

function endpointOf(discovery: DiscoveryAddress): object {
  if (discovery.kind === 'unix') return { pipe: { path: discovery.path } };
  if (!discovery.isPlain) {
    throw new MeshError(
      'NotAvailable',
      `this agent speaks to the controller in plain text only, and ${discovery.host}:${discovery.port} wants TLS`,
      { hint: 'Set discoveryAddress to port 15010, or controlPlaneAuthPolicy to NONE, in PROXY_CONFIG.' },
    );
  }
  return bindAddress(discovery.host, discovery.port);
}

function resolution(host: string, family: Family): object {
  if (isIp(host)) return { type: 'STATIC' };
  return {
    type: 'STRICT_DNS',
    respect_dns_ttl: true,
    dns_lookup_family: family.dnsLookup,
    dns_refresh_rate: '30s',
  };
}

function cluster(name: string, connectTimeout: string, address: object): object {
  return {
    name,
    alt_stat_name: `${name};`,
    connect_timeout: connectTimeout,
    lb_policy: 'ROUND_ROBIN',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
}
