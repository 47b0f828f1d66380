/** Clusters of clusters: whose endpoints are asked, and whose limits and counters count. */

import type { JsonMap } from '../json.ts';
import { socketAddress, typed } from '../json.ts';
import type { Ports, Scenario } from '../scenario.ts';
import { cluster } from '../setup.ts';

const aggregate = (name: string, clusters: readonly string[], over: JsonMap = {}): JsonMap => ({
  name,
  connect_timeout: '1s',
  lb_policy: 'CLUSTER_PROVIDED',
  cluster_type: {
    name: 'envoy.clusters.aggregate',
    typed_config: typed('envoy.extensions.clusters.aggregate.v3.ClusterConfig', { clusters }),
  },
  ...over,
});

/** Endpoints by priority, each with its health. */
const member = (name: string, priorities: readonly (readonly (readonly [port: number, health: string])[])[], over: JsonMap = {}): JsonMap =>
  cluster(name, [], {
    load_assignment: {
      cluster_name: name,
      endpoints: priorities.map((endpoints, priority) => ({
        priority,
        // Ports differ from side to side: what is hashed must not.
        lb_endpoints: endpoints.map(([port, health_status], index) => ({
          health_status,
          metadata: { filter_metadata: { 'envoy.lb': { hash_key: `${name} ${index}` } } },
          endpoint: { address: socketAddress(port) },
        })),
      })),
    },
    ...over,
  });

const members = ({ b1, b2, b3, dead }: Ports): readonly JsonMap[] => [
  member('m-well', [[[b1, 'HEALTHY']]]),
  member('m-second', [[[b2, 'HEALTHY']]]),
  member('m-ill', [[[b1, 'UNHEALTHY']]]),
  member('m-half', [[[b1, 'HEALTHY'], [b1, 'UNHEALTHY'], [b1, 'UNHEALTHY'], [b1, 'UNHEALTHY']]]),
  member('m-by-chance', [[[b2, 'HEALTHY']]]),
  member('m-deep', [[[b1, 'UNHEALTHY']], [[b3, 'HEALTHY']]]),
  member('m-degraded', [[[b1, 'DEGRADED']]]),
  member('m-none', []),
  member('m-refused', [[[dead, 'HEALTHY']]]),
  member('m-limited', [[[b1, 'HEALTHY']]], { circuit_breakers: { thresholds: [{ max_requests: 0 }] } }),
  member('m-hashed', [[[b1, 'UNHEALTHY']], [[b2, 'HEALTHY'], [b3, 'HEALTHY']]], { lb_policy: 'RING_HASH' }),
];

const AGGREGATES: readonly JsonMap[] = [
  aggregate('a-well', ['m-well', 'm-second']),
  aggregate('a-turned', ['m-second', 'm-well']),
  aggregate('a-failover', ['m-ill', 'm-second']),
  aggregate('a-half', ['m-half', 'm-by-chance']),
  aggregate('a-deep', ['m-deep', 'm-second']),
  aggregate('a-degraded', ['m-degraded', 'm-second']),
  aggregate('a-none', ['m-none', 'm-second']),
  aggregate('a-nothing', ['m-none']),
  aggregate('a-unknown', ['no-such', 'm-second']),
  aggregate('a-all-ill', ['m-ill', 'm-ill']),
  aggregate('a-refused', ['m-refused', 'm-second']),
  aggregate('a-limited', ['m-limited', 'm-second']),
  aggregate('a-own-limit', ['m-well'], { circuit_breakers: { thresholds: [{ max_requests: 0, max_retries: 0 }] } }),
  aggregate('a-hashed', ['m-hashed']),
  aggregate('a-nested', ['a-well', 'm-second']),
];

const NAMES = AGGREGATES.map(({ name }) => String(name));

export const AGGREGATE: readonly Scenario[] = [
  {
    title: 'clusters of clusters',
    manager: {},
    routes: [
      {
        match: { path: '/again' },
        route: { cluster: 'a-well', retry_policy: { retry_on: '5xx', num_retries: 1 } },
      },
      {
        match: { path: '/elsewhere' },
        route: {
          cluster: 'a-refused',
          retry_policy: {
            retry_on: 'connect-failure',
            num_retries: 1,
            retry_priority: {
              name: 'previous',
              typed_config: typed('envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig', {
                update_frequency: 1,
              }),
            },
          },
        },
      },
      { match: { path: '/late' }, route: { cluster: 'a-well', timeout: '0.2s' } },
      {
        match: { path: '/hash' },
        route: { cluster: 'a-hashed', hash_policy: [{ header: { header_name: 'x-key' } }] },
      },
      { match: { path: '/no-retries' }, route: { cluster: 'a-own-limit', retry_policy: { retry_on: '5xx', num_retries: 1 } } },
      ...NAMES.map((name) => ({ match: { path: `/${name}` }, route: { cluster: name } })),
    ],
    clusters: (ports) => [...members(ports), ...AGGREGATES],
    questions: [
      ...NAMES.filter((name) => name !== 'a-half' && name !== 'a-hashed').map((name) => ({ path: `/${name}`, repeat: 4 })),
      { path: '/a-half', repeat: 200, within: 53 },
      ...['one', 'two', 'three', 'four'].map((key) => ({ path: '/hash', headers: [['x-key', key]] as const })),
      { path: '/again', do: 'status=503;times=1' },
      { path: '/again', do: 'status=503' },
      { path: '/elsewhere' },
      { path: '/late', do: 'delay=9000' },
      { path: '/no-retries', do: 'status=503;times=1' },
      { path: '/a-well', protocol: 'http2' },
    ],
  },
  {
    title: 'connections to a cluster of clusters',
    network: () => [
      {
        name: 'envoy.filters.network.tcp_proxy',
        typed_config: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', { stat_prefix: 'tcp', cluster: 'a-failover' }),
      },
    ],
    questions: [{}, { path: '/again' }],
  },
];
