/** The network filter that carries connections on without looking into them. */

import type { TcpRoute, VirtualService } from '../../model/virtual-services.ts';
import { effectivePolicy } from '../../model/traffic-policy.ts';
import { type Input, ruleFor, serviceNamed } from '../input.ts';
import type { FilterSchema } from '../proto/generated/envoy/config/listener/v3/listener_components_pb.js';
import { TcpProxySchema } from '../proto/generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { pack } from '../proto/registry.ts';
import { resolveDestination } from '../routes/destination.ts';
import { type Init, durationOf } from '../values.ts';
import { accessLogs } from './access-log.ts';

export type NetworkFilter = Init<typeof FilterSchema>;
type TcpProxy = Init<typeof TcpProxySchema>;
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

/** To one of the clusters that every proxy has. */
export function tcpToFixed(cluster: string, input: Input): NetworkFilter {
  return asFilter({ statPrefix: cluster, clusterSpecifier: { case: 'cluster', value: cluster } }, input);
}

/** To a service, with what its DestinationRule says of connections. */
export function tcpToService(cluster: string, host: string, port: number, input: Input): NetworkFilter {
  return asFilter(
    {
      statPrefix: cluster,
      clusterSpecifier: { case: 'cluster', value: cluster },
      ...connectionSettings(host, undefined, port, input),
    },
    input,
  );
}

/** To the destinations of a route, in their shares. */
export function tcpToDestinations(
  route: TcpDestinations,
  owner: Pick<VirtualService, 'name' | 'namespace'>,
  listenPort: number,
  input: Input,
): NetworkFilter {
  const [first] = route;
  if (first !== undefined && route.length === 1) {
    const { cluster, host, port } = resolveDestination(first.destination, listenPort, input);
    return asFilter(
      {
        statPrefix: cluster,
        clusterSpecifier: { case: 'cluster', value: cluster },
        ...connectionSettings(host, first.destination?.subset, port, input),
      },
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
    },
    input,
  );
}

function connectionSettings(
  host: string,
  subsetName: string | undefined,
  port: number,
  input: Input,
): Pick<TcpProxy, 'idleTimeout' | 'hashPolicy'> {
  const rule = ruleFor(input, host, serviceNamed(input, host)?.namespace);
  const subset = rule?.subsets.find(({ name }) => name !== undefined && name === subsetName);
  const policy = effectivePolicy(rule, subset, port, input.snapshot.mesh.config);
  const idleTimeout = durationOf(policy.connectionPool?.tcp?.idleTimeout);
  return {
    ...(idleTimeout !== undefined && { idleTimeout }),
    // Of a connection nothing but its source can bind it to an endpoint.
    ...(policy.loadBalancer?.consistentHash?.useSourceIp === true && {
      hashPolicy: [{ policySpecifier: { case: 'sourceIp' as const, value: {} } }],
    }),
  };
}
