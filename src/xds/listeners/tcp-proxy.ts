/** The network filter that carries connections on without looking into them. */

import type { TcpRoute, VirtualService } from '../../model/virtual-services.ts';
import { type EffectivePolicy, effectivePolicy } from '../../model/traffic-policy.ts';
import type { DnsCache } from '../dynamic-dns.ts';
import { type Input, ruleFor, serviceNamed } from '../input.ts';
import type { FilterSchema } from '../proto/generated/envoy/config/listener/v3/listener_components_pb.js';
import { FilterConfigSchema as ServerNameLookupSchema } from '../proto/generated/envoy/extensions/filters/network/sni_dynamic_forward_proxy/v3/sni_dynamic_forward_proxy_pb.js';
import { TcpProxySchema } from '../proto/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { pack } from '../proto/registry.ts';
import { resolveDestination } from '../routes/destination.ts';
import { type Init, defined, durationOf } from '../values.ts';
import { accessLogs } from './access-log.ts';

export type NetworkFilter = Init<typeof FilterSchema>;
type TcpProxy = Init<typeof TcpProxySchema>;
type Tunnel = NonNullable<EffectivePolicy['tunnel']>;
type TcpDestinations = NonNullable<TcpRoute['route']>;

function asFilter(config: TcpProxy, input: Input): NetworkFilter {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    configType: {
      case: 'typedConfig',
      value: pack(TcpProxySchema, { ...config, accessLog: accessLogs(input) }),
    },
  };
}

/** Looks the server name of a TLS connection up, before the TCP proxy asks its cluster for an endpoint. */
export function lookUpServerName(cache: DnsCache, port: number): NetworkFilter {
  return {
    name: 'envoy.filters.network.sni_dynamic_forward_proxy',
    configType: {
      case: 'typedConfig',
      value: pack(ServerNameLookupSchema, {
        dnsCacheConfig: cache,
        portSpecifier: { case: 'portValue', value: port },
      }),
    },
  };
}

/** To one of the clusters that every proxy has. */
export function tcpToFixed(cluster: string, input: Input): NetworkFilter {
  return asFilter({ statPrefix: cluster, clusterSpecifier: { case: 'cluster', value: cluster } }, input);
}

/** To a service, with what its DestinationRule says of connections. */
export function tcpToService(cluster: string, host: string, port: number, input: Input): NetworkFilter {
  const { settings, tunnel } = connectionSettings(host, undefined, port, input);
  return asFilter(
    { statPrefix: cluster, clusterSpecifier: { case: 'cluster', value: cluster }, ...settings, ...tunnel },
    input,
  );
}

/** To a service or a subset of it, with TLS that is the client's: the proxy opens no tunnel of its own for it. */
export function tcpPassedOn(
  cluster: string,
  host: string,
  subset: string | undefined,
  port: number,
  input: Input,
): NetworkFilter {
  const { settings } = connectionSettings(host, subset, port, input);
  return asFilter(
    { statPrefix: cluster, clusterSpecifier: { case: 'cluster', value: cluster }, ...settings },
    input,
  );
}

/** To the destinations of a route, in their shares. Of several the first has the settings of connections. */
export function tcpToDestinations(
  route: TcpDestinations,
  owner: Pick<VirtualService, 'name' | 'namespace'>,
  listenPort: number,
  input: Input,
): NetworkFilter {
  const [first] = route;
  const { cluster, host, port } = resolveDestination(first?.destination, listenPort, input);
  const subset = route.length === 1 ? first?.destination?.subset : undefined;
  const { settings, tunnel } = connectionSettings(host, subset, port, input);
  if (route.length === 1) {
    return asFilter(
      { statPrefix: cluster, clusterSpecifier: { case: 'cluster', value: cluster }, ...settings, ...tunnel },
      input,
    );
  }
  const clusters = route
    .filter(({ weight }) => (weight ?? 0) > 0)
    .map(({ destination, weight }) => ({
      name: resolveDestination(destination, listenPort, input).cluster,
      weight: weight ?? 0,
    }));
  return asFilter(
    {
      statPrefix: `${owner.name}.${owner.namespace}`,
      clusterSpecifier: { case: 'weightedClusters', value: { clusters } },
      ...settings,
      ...tunnel,
    },
    input,
  );
}

/** What a DestinationRule says of connections to a host, and through what tunnel they go. */
interface ConnectionSettings {
  readonly settings: Pick<TcpProxy, 'idleTimeout' | 'maxDownstreamConnectionDuration' | 'hashPolicy'>;
  readonly tunnel: Pick<TcpProxy, 'tunnelingConfig'>;
}

function connectionSettings(
  host: string,
  subsetName: string | undefined,
  port: number,
  input: Input,
): ConnectionSettings {
  const rule = ruleFor(input, host, serviceNamed(input, host)?.namespace);
  const subset = rule?.subsets.find(({ name }) => name !== undefined && name === subsetName);
  const policy = effectivePolicy(rule, subset, port, input.snapshot.mesh.config);
  const { tcp } = policy.connectionPool ?? {};
  // A subset has no tunnel but its own.
  const { tunnel } = (subset ?? rule)?.trafficPolicy ?? {};
  return {
    settings: {
      ...defined({
        idleTimeout: durationOf(tcp?.idleTimeout),
        maxDownstreamConnectionDuration: durationOf(tcp?.maxConnectionDuration),
      }),
      // Of a connection nothing but its source can bind it to an endpoint.
      ...(policy.loadBalancer?.consistentHash?.useSourceIp === true && {
        hashPolicy: [{ policySpecifier: { case: 'sourceIp' as const, value: {} } }],
      }),
    },
    tunnel: tunnel === undefined ? {} : { tunnelingConfig: tunneling(tunnel) },
  };
}

/** CONNECT, or POST, for `targetHost:targetPort`. */
function tunneling({ protocol, targetHost = '', targetPort = 0 }: Tunnel): TcpProxy['tunnelingConfig'] {
  const host = targetHost.includes(':') ? `[${targetHost}]` : targetHost;
  return { hostname: `${host}:${targetPort}`, usePost: protocol === 'POST' };
}
