/** The bootstrap that all scenarios make together, and the ports of their listeners. */

import { HTTP2, ROUTER, type Json, type JsonMap, NETWORK_FILTER, socketAddress, typed } from './json.ts';
import { type Ports, type Scenario, hostOf } from './scenario.ts';

export function cluster(name: string, ports: readonly number[], over: JsonMap = {}): JsonMap {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: ports.map((port) => ({ endpoint: { address: socketAddress(port) } })) }],
    },
    ...over,
  };
}

function commonClusters(ports: Ports): JsonMap[] {
  return [
    cluster('b1', [ports.b1]),
    cluster('b2', [ports.b2]),
    cluster('b3', [ports.b3]),
    cluster('all', [ports.b1, ports.b2, ports.b3]),
    cluster('h2', [ports.h2], HTTP2),
    cluster('tcp', [ports.tcp]),
    cluster('raw', [ports.raw]),
    cluster('dead', [ports.dead]),
    cluster('empty', []),
  ];
}

function virtualHost(scenario: Scenario, index: number): Json {
  return {
    name: hostOf(index),
    domains: [hostOf(index)],
    routes: scenario.routes ?? [{ match: { prefix: '/' }, route: { cluster: 'b1' } }],
    ...scenario.host,
  };
}

function manager(statPrefix: string, hosts: readonly Json[], scenario: Scenario | undefined): JsonMap {
  const { route_config: routes, ...own } = scenario?.manager ?? {};
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: typed(`${NETWORK_FILTER}.http_connection_manager.v3.HttpConnectionManager`, {
      stat_prefix: statPrefix,
      route_config: { name: statPrefix, virtual_hosts: hosts, ...(routes as JsonMap | undefined) },
      http_filters: [...(scenario?.filters ?? []), ROUTER],
      ...own,
    }),
  };
}

/** Whether a scenario has a listener of its own. */
function isApart({ manager, filters, network, listener }: Scenario): boolean {
  return [manager, filters, network, listener].some((one) => one !== undefined);
}

export interface Setup {
  readonly bootstrap: JsonMap;
  /** The port that the requests of the scenario of that index go to. */
  portOf(index: number): number;
}

/** Ports are taken from the list. */
export function setUp(scenarios: readonly Scenario[], backends: Ports, free: readonly number[]): Setup {
  const [common = 0, ...others] = free;
  const ports = new Map<number, number>();
  const listeners: JsonMap[] = [];
  for (const [index, scenario] of scenarios.entries()) {
    if (!isApart(scenario)) continue;
    const port = others.shift() ?? 0;
    ports.set(index, port);
    const filters = scenario.network?.(backends) ?? [
      manager(`apart_${index}`, [virtualHost(scenario, index)], scenario),
    ];
    listeners.push({
      name: `l${index}`,
      address: socketAddress(port),
      filter_chains: [{ filters }],
      ...scenario.listener,
    });
  }
  const hosts = scenarios.flatMap((scenario, index) =>
    isApart(scenario) ? [] : [virtualHost(scenario, index)],
  );
  listeners.push({
    name: 'common',
    address: socketAddress(common),
    filter_chains: [{ filters: [manager('common', hosts, undefined)] }],
  });
  const clusters = [
    ...commonClusters(backends),
    ...scenarios.flatMap((one) => one.clusters?.(backends) ?? []),
  ];
  return {
    bootstrap: {
      node: { id: 'differential', cluster: 'front' },
      static_resources: { listeners, clusters },
    },
    portOf: (index) => ports.get(index) ?? common,
  };
}

/** Listeners that `setUp` needs ports for. */
export function listenerCount(scenarios: readonly Scenario[]): number {
  return 1 + scenarios.filter(isApart).length;
}
