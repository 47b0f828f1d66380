/** The same endpoints and keys to a real Envoy and to the builtin engine's balancers. */

import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { xxHash64 } from '../../src/base/xxhash64.ts';
import type { LoadBalancerContext } from '../../src/proxy/upstream/types.ts';
import { ask } from '../peers/run-envoy.ts';
import { expectSameShare } from '../proxy/expect-share.ts';
import { ANY, type EndpointJson, lbEndpoint, testClusters } from '../proxy/upstream/clusters.ts';
import { Engine } from './differential/engines.ts';
import { freePorts } from '../peers/free-ports.ts';
import type { JsonMap } from './differential/json.ts';
import { describeOnRealEnvoy } from './on-real-envoy.ts';

interface Group {
  readonly endpoints: readonly (Omit<EndpointJson, 'port'> & { readonly at: number })[];
  readonly priority?: number;
  readonly zone?: string;
  readonly weight?: number;
}

interface Row {
  readonly title: string;
  readonly settings: JsonObject;
  readonly groups: readonly Group[];
  readonly policy?: JsonObject;
  /** What of `envoy.lb` metadata the route wants. */
  readonly wants?: JsonObject;
}

/** Endpoints of different weights at the first five backends. */
const FIVE: readonly Group[] = [{ endpoints: [0, 1, 2, 3, 4].map((at) => ({ at })) }];
const WEIGHTED: readonly Group[] = [{ endpoints: [1, 2, 3, 5, 8].map((weight, at) => ({ at, weight })) }];
const ZONES = (weights: readonly [number, number], sick: readonly number[] = []): readonly Group[] =>
  weights.map((weight, zone) => ({
    zone: `zone-${zone}`,
    weight,
    endpoints: [0, 1, 2].map((at) => ({
      at: 3 * zone + at,
      ...(sick.includes(3 * zone + at) && { health: 'UNHEALTHY' }),
    })),
  }));
const PRIORITIES = (sick: number): readonly Group[] => [
  {
    endpoints: [0, 1, 2, 3].map((at) => ({ at, ...(at < sick && { health: 'UNHEALTHY' }) })),
  },
  { priority: 1, endpoints: [{ at: 4 }, { at: 5 }] },
];
const LOCALITIES = { common_lb_config: { locality_weighted_lb_config: {} } };

/** The same key has to reach the same endpoint. */
const HASHING: readonly Row[] = [
  { title: 'ring hash', settings: { lb_policy: 'RING_HASH' }, groups: FIVE },
  {
    title: 'a small ring',
    settings: {
      lb_policy: 'RING_HASH',
      ring_hash_lb_config: { minimum_ring_size: 7, maximum_ring_size: 16 },
    },
    groups: FIVE,
  },
  { title: 'ring hash with weights', settings: { lb_policy: 'RING_HASH' }, groups: WEIGHTED },
  {
    title: 'ring hash with MurmurHash2',
    settings: { lb_policy: 'RING_HASH', ring_hash_lb_config: { hash_function: 'MURMUR_HASH_2' } },
    groups: FIVE,
  },
  {
    title: 'ring hash with localities',
    settings: { lb_policy: 'RING_HASH', ...LOCALITIES },
    groups: ZONES([1, 3]),
  },
  {
    title: 'ring hash by the key of the metadata',
    settings: { lb_policy: 'RING_HASH' },
    groups: [{ endpoints: [0, 1, 2].map((at) => ({ at, lb: { hash_key: `key-${at}` } })) }],
  },
  {
    title: 'ring hash with endpoints that are not healthy',
    settings: { lb_policy: 'RING_HASH' },
    groups: PRIORITIES(1),
  },
  { title: 'Maglev', settings: { lb_policy: 'MAGLEV' }, groups: FIVE },
  {
    title: 'Maglev with a small table',
    settings: { lb_policy: 'MAGLEV', maglev_lb_config: { table_size: 251 } },
    groups: FIVE,
  },
  { title: 'Maglev with weights', settings: { lb_policy: 'MAGLEV' }, groups: WEIGHTED },
  {
    title: 'Maglev with localities',
    settings: { lb_policy: 'MAGLEV', ...LOCALITIES },
    groups: ZONES([1, 3]),
  },
  {
    title: 'Maglev in several priorities',
    settings: { lb_policy: 'MAGLEV' },
    groups: PRIORITIES(3),
  },
];

const SUBSETS: JsonObject = {
  lb_subset_config: {
    fallback_policy: 'DEFAULT_SUBSET',
    default_subset: { stage: 'prod' },
    subset_selectors: [{ keys: ['version'] }, { keys: ['stage', 'version'], fallback_policy: 'NO_FALLBACK' }],
  },
};
const STAGES: readonly Group[] = [
  {
    endpoints: [
      { at: 0, lb: { version: '1', stage: 'prod' } },
      { at: 1, lb: { version: '2', stage: 'prod' } },
      { at: 2, lb: { version: '2', stage: 'dev' } },
    ],
  },
];

/** Each endpoint has to get the same share. */
const SHARES: readonly Row[] = [
  { title: 'round robin', settings: {}, groups: FIVE },
  { title: 'round robin with weights', settings: {}, groups: WEIGHTED },
  { title: 'least request', settings: { lb_policy: 'LEAST_REQUEST' }, groups: FIVE },
  { title: 'least request with weights', settings: { lb_policy: 'LEAST_REQUEST' }, groups: WEIGHTED },
  { title: 'random', settings: { lb_policy: 'RANDOM' }, groups: FIVE },
  { title: 'localities by weight', settings: LOCALITIES, groups: ZONES([1, 3]) },
  { title: 'localities by weight and health', settings: LOCALITIES, groups: ZONES([1, 1], [0, 1]) },
  { title: 'priorities: enough are healthy', settings: {}, groups: PRIORITIES(1) },
  { title: 'priorities: failover by share', settings: {}, groups: PRIORITIES(2) },
  { title: 'priorities: failover', settings: {}, groups: PRIORITIES(4) },
  {
    title: 'panic',
    settings: {},
    groups: [{ endpoints: [{ at: 0 }, ...[1, 2, 3].map((at) => ({ at, health: 'UNHEALTHY' }))] }],
  },
  {
    title: 'no panic',
    settings: { common_lb_config: { healthy_panic_threshold: { value: 0 } } },
    groups: [{ endpoints: [{ at: 0 }, ...[1, 2, 3].map((at) => ({ at, health: 'UNHEALTHY' }))] }],
  },
  {
    title: 'degraded endpoints take what the healthy ones do not',
    settings: {},
    groups: [
      {
        endpoints: [
          { at: 0 },
          { at: 1, health: 'DEGRADED' },
          { at: 2, health: 'UNHEALTHY' },
          { at: 3, health: 'UNHEALTHY' },
        ],
      },
    ],
  },
  { title: 'a subset', settings: SUBSETS, groups: STAGES, wants: { version: '2' } },
  { title: 'a smaller subset', settings: SUBSETS, groups: STAGES, wants: { version: '2', stage: 'dev' } },
  { title: 'the subset of those that want none', settings: SUBSETS, groups: STAGES },
  {
    title: 'the default subset when there is no such',
    settings: SUBSETS,
    groups: STAGES,
    wants: { version: '9' },
  },
  {
    title: 'no endpoint without fallback',
    settings: SUBSETS,
    groups: STAGES,
    wants: { version: '9', stage: 'dev' },
  },
  {
    title: 'a typed policy',
    settings: {
      load_balancing_policy: {
        policies: [
          {
            typed_extension_config: {
              name: 'rr',
              typed_config: {
                '@type':
                  'type.googleapis.com/envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin',
                locality_lb_config: { locality_weighted_lb_config: {} },
              },
            },
          },
        ],
      },
    },
    groups: ZONES([1, 3]),
  },
];

const ROWS = [...HASHING, ...SHARES];
const REQUESTS = 240;

describeOnRealEnvoy('balancers, beside a real Envoy', (program) => {
  const backends: Server[] = [];
  let ports: readonly number[] = [];
  let engine: Engine;
  let entry = 0;
  const clusters = testClusters();

  beforeAll(async () => {
    for (let index = 0; index < 6; index++) {
      const server = createServer((_, response) => response.end(String(index))).listen(0, '127.0.0.1');
      await once(server, 'listening');
      backends.push(server);
    }
    ports = backends.map((server) => (server.address() as AddressInfo).port);
    [entry = 0] = await freePorts(1);
    const messages = ROWS.map((row, index) => clusterOf(row, index, ports));
    for (const message of messages) clusters.put(message);
    engine = await Engine.start('envoy', program, bootstrap(entry, messages) as JsonMap);
  }, 90_000);

  afterAll(async () => {
    await engine?.stop();
    for (const server of backends) server.close();
    clusters.manager.close();
  });

  /** The number of the backend that Envoy chose, as text. */
  async function envoys(index: number, key = ''): Promise<string> {
    const { status, text } = await ask(entry, '/', { host: `c${index}.test`, ...(key !== '' && { key }) });
    return status === 200 ? text : 'none';
  }

  function ours(index: number, context: LoadBalancerContext): string {
    const host = clusters.get(`c${index}`).choose(context);
    const port = Number(host?.id.slice(host.id.lastIndexOf(':') + 1));
    return host === undefined ? 'none' : String(ports.indexOf(port));
  }

  describe('send the same key to the same endpoint', () => {
    test.each(HASHING.map((row, index) => [row.title, index] as const))('%s', async (_, index) => {
      const keys = Array.from({ length: 40 }, (_, number) => `key ${number * 7919}`);
      const chosen = await Promise.all(keys.map((key) => envoys(index, key)));
      expect(keys.map((key) => ours(index, { ...ANY, hash: () => xxHash64(key) }))).toEqual(chosen);
    });
  });

  describe('give endpoints the same shares', () => {
    test.each(SHARES.map((row, at) => [row.title, HASHING.length + at, row] as const))(
      '%s',
      async (_, index, { wants }) => {
        const metadataMatch = wants === undefined ? undefined : new Map(Object.entries(wants));
        const own: Record<string, number> = {};
        const theirs: Record<string, number> = {};
        for (let number = 0; number < REQUESTS; number++) {
          count(own, ours(index, { ...ANY, metadataMatch }));
          count(theirs, await envoys(index));
        }
        expect(Object.keys(own).sort()).toEqual(Object.keys(theirs).sort());
        for (const [who, times] of Object.entries(theirs)) {
          expectSameShare(own[who] ?? 0, times, REQUESTS);
        }
      },
    );
  });
});

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

function clusterOf({ settings, groups }: Row, index: number, ports: readonly number[]): JsonObject {
  return {
    name: `c${index}`,
    connect_timeout: '5s',
    load_assignment: {
      cluster_name: `c${index}`,
      endpoints: groups.map(({ endpoints, priority = 0, zone, weight }) => ({
        priority,
        ...(zone !== undefined && { locality: { region: 'r', zone } }),
        ...(weight !== undefined && { load_balancing_weight: weight }),
        lb_endpoints: endpoints.map(({ at, ...one }) => lbEndpoint({ ...one, port: ports[at] ?? 0 })),
      })),
    },
    ...settings,
  };
}

function bootstrap(port: number, clusters: readonly JsonObject[]): JsonObject {
  const virtualHosts = ROWS.map((row, index) => ({
    name: `c${index}`,
    domains: [`c${index}.test`],
    routes: [
      {
        match: { prefix: '/' },
        route: {
          cluster: `c${index}`,
          hash_policy: [{ header: { header_name: 'key' } }],
          ...(row.wants !== undefined && { metadata_match: { filter_metadata: { 'envoy.lb': row.wants } } }),
        },
      },
    ],
  }));
  const manager = {
    '@type':
      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'h',
    route_config: { virtual_hosts: virtualHosts },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  return {
    static_resources: {
      listeners: [
        {
          name: 'l',
          address: { socket_address: { address: '127.0.0.1', port_value: port } },
          filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
        },
      ],
      clusters: [...clusters],
    },
  };
}
