import type { JsonObject } from '@bufbuild/protobuf';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { EdfScheduler } from '../../../src/proxy/upstream/balancers/edf.ts';
import type { LoadBalancerContext } from '../../../src/proxy/upstream/types.ts';
import { ANY, assignmentOf, lbEndpoint, portsChosen, staticCluster, testClusters } from './clusters.ts';

afterEach(() => vi.useRealTimers());

describe('earliest deadline first', () => {
  test.each([0, 0.25, 0.5, 0.99])(
    'picks in proportion and evenly spread, wherever it begins (%d)',
    (start) => {
      const weights = { a: 1, b: 2, c: 5 };
      const scheduler = new EdfScheduler(Object.entries(weights), ([, weight]) => weight, start);
      const picks = Array.from({ length: 80 }, () => scheduler.pick()?.[0]);
      const counts = Object.fromEntries(
        Object.keys(weights).map((name) => [name, picks.filter((pick) => pick === name).length]),
      );
      expect(counts['a']).toBeCloseTo(10, -0.5);
      expect(counts['b']).toBeCloseTo(20, -0.5);
      expect(counts['c']).toBeCloseTo(50, -0.5);
      // Nobody waits longer than the others together take.
      for (const [name, weight] of Object.entries(weights)) {
        const gaps = picks.flatMap((pick, index) => (pick === name ? [index] : []));
        const widest = Math.max(...gaps.slice(1).map((at, index) => at - (gaps[index] ?? 0)));
        expect(widest).toBeLessThanOrEqual(Math.ceil(8 / weight) + 2);
      }
    },
  );

  test('goes by the weight that a value has when it is entered again', () => {
    const values = [{ weight: 1 }, { weight: 1 }];
    const scheduler = new EdfScheduler(values, ({ weight }) => weight, 0);
    const [first] = values;
    if (first === undefined) throw new Error('no value');
    first.weight = 9;
    const picks = Array.from({ length: 100 }, () => scheduler.pick());
    expect(picks.filter((pick) => pick === first).length).toBeGreaterThan(85);
  });
});

describe('slow start', () => {
  test('gives a new endpoint less at first, and its share after the window', async () => {
    vi.useFakeTimers();
    const clusters = testClusters();
    const config = { slow_start_config: { slow_start_window: '10s', min_weight_percent: { value: 10 } } };
    clusters.put({
      name: 'e',
      type: 'EDS',
      eds_cluster_config: { eds_config: { ads: {} } },
      round_robin_lb_config: config,
    });
    clusters.assign(assignmentOf('e', [{ port: 1 }, { port: 2 }]));
    await clusters.manager.warm('e');
    const cluster = clusters.get('e');
    vi.advanceTimersByTime(20_000);
    clusters.assign(assignmentOf('e', [{ port: 1 }, { port: 2 }, { port: 3 }]));
    const share = () => (portsChosen(cluster, 300)['3'] ?? 0) / 300;
    vi.advanceTimersByTime(100);
    const atFirst = share();
    expect(atFirst).toBeLessThan(0.1);
    vi.advanceTimersByTime(5000);
    const later = share();
    expect(later).toBeGreaterThan(atFirst);
    expect(later).toBeLessThan(0.28);
    vi.advanceTimersByTime(6000);
    expect(share()).toBeCloseTo(1 / 3, 1);
  });
});

describe('least request', () => {
  test('takes the endpoint that has less to do', () => {
    const clusters = testClusters();
    clusters.put(
      staticCluster([{ port: 1 }, { port: 2 }], {
        lb_policy: 'LEAST_REQUEST',
        least_request_lb_config: { choice_count: 10 },
      }),
    );
    const cluster = clusters.get('c');
    const busy = cluster.choose(ANY);
    if (busy === undefined) throw new Error('no endpoint');
    busy.stats.rqActive = 5;
    const other = busy.id.endsWith(':1') ? '2' : '1';
    expect(portsChosen(cluster, 100)[other]).toBeGreaterThan(95);
  });
});

describe('bounded loads', () => {
  test('an endpoint with far more than its share is passed over, always for the same other', () => {
    const clusters = testClusters();
    clusters.put(
      staticCluster([{ port: 1 }, { port: 2 }, { port: 3 }], {
        lb_policy: 'RING_HASH',
        common_lb_config: { consistent_hashing_lb_config: { hash_balance_factor: 150 } },
      }),
    );
    const cluster = clusters.get('c');
    const context: LoadBalancerContext = { ...ANY, hash: () => 12_345_678_901n };
    const own = cluster.choose(context);
    if (own === undefined) throw new Error('no endpoint');
    own.stats.rqActive = 10;
    cluster.stats.rqActive.value = 10;
    const others = new Set(Array.from({ length: 20 }, () => cluster.choose(context)?.id));
    expect(others.size).toBe(1);
    expect(others.has(own.id)).toBe(false);
    own.stats.rqActive = 0;
    expect(cluster.choose(context)).toBe(own);
  });
});

describe('zones', () => {
  const inZones = (
    name: string,
    ports: readonly (readonly number[])[],
    more: JsonObject = {},
  ): JsonObject => ({
    name,
    load_assignment: {
      cluster_name: name,
      endpoints: ports.map((some, zone) => ({
        locality: { region: 'r', zone: `z${zone}` },
        lb_endpoints: some.map((port) => lbEndpoint({ port })),
      })),
    },
    ...more,
  });

  test('requests stay in the own zone when that has its share of the endpoints', () => {
    const clusters = testClusters({
      localCluster: 'self',
      locality: { region: 'r', zone: 'z1', subZone: '' },
    });
    clusters.put(inZones('self', [[91], [92]]));
    clusters.put(
      inZones('c', [
        [1, 2, 3],
        [4, 5, 6],
      ]),
    );
    expect(Object.keys(portsChosen(clusters.get('c'), 60)).sort()).toEqual(['4', '5', '6']);
    expect(clusters.stat('cluster.c.lb_zone_routing_all_directly')).toBe(60);
  });

  test('what the own zone has no room for goes to the others', () => {
    const clusters = testClusters({
      localCluster: 'self',
      locality: { region: 'r', zone: 'z1', subZone: '' },
    });
    clusters.put(inZones('self', [[91], [92]]));
    clusters.put(inZones('c', [[1, 2, 3, 4, 5], [6]]));
    const chosen = portsChosen(clusters.get('c'), 600);
    // A sixth of the endpoints, half of the callers: a third of what comes from here.
    expect(chosen['6']).toBeGreaterThan(130);
    expect(chosen['6']).toBeLessThan(270);
    expect(clusters.stat('cluster.c.lb_zone_routing_cross_zone')).toBeGreaterThan(0);
  });

  test('small clusters are not divided', () => {
    const clusters = testClusters({
      localCluster: 'self',
      locality: { region: 'r', zone: 'z1', subZone: '' },
    });
    clusters.put(inZones('self', [[91], [92]]));
    clusters.put(inZones('c', [[1], [2]]));
    expect(portsChosen(clusters.get('c'), 10)).toEqual({ 1: 5, 2: 5 });
    expect(clusters.stat('cluster.c.lb_zone_cluster_too_small')).toBe(1);
  });
});

describe('further tries', () => {
  test('an endpoint that is rejected is chosen again only when there is no other in as many attempts', () => {
    const clusters = testClusters();
    clusters.put(staticCluster([{ port: 1 }, { port: 2 }, { port: 3 }]));
    const rejects = ({ id }: { readonly id: string }) => !id.endsWith(':3');
    const cluster = clusters.get('c');
    expect(portsChosen(cluster, 20, { ...ANY, rejects, attempts: 5 })).toEqual({ 3: 20 });
    expect(cluster.choose({ ...ANY, rejects: () => true, attempts: 5 })).toBeDefined();
  });

  test('priorities that were tried get nothing as long as there are others', () => {
    const clusters = testClusters();
    clusters.put({ name: 'c', load_assignment: assignmentOf('c', [{ port: 1 }], [{ port: 2 }]) });
    const cluster = clusters.get('c');
    expect(portsChosen(cluster, 5)).toEqual({ 1: 5 });
    expect(portsChosen(cluster, 5, { ...ANY, triedPriorities: [0] })).toEqual({ 2: 5 });
    expect(portsChosen(cluster, 5, { ...ANY, triedPriorities: [0, 1] })).toEqual({ 1: 5 });
  });
});

describe('settings that Envoy refuses', () => {
  test.each([
    [
      'a table that is no prime',
      { lb_policy: 'MAGLEV', maglev_lb_config: { table_size: 100 } },
      /not a prime number/,
    ],
    [
      'a ring smaller than its minimum',
      { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: 20, maximum_ring_size: 10 } },
      /above maximum_ring_size/,
    ],
    [
      'one choice',
      { lb_policy: 'LEAST_REQUEST', least_request_lb_config: { choice_count: 1 } },
      /choice_count: below 2/,
    ],
    [
      'names of endpoints that have none',
      {
        lb_policy: 'MAGLEV',
        common_lb_config: { consistent_hashing_lb_config: { use_hostname_for_hashing: true } },
      },
      /needs type STRICT_DNS/,
    ],
    [
      'no policy that is known',
      {
        load_balancing_policy: {
          policies: [
            {
              typed_extension_config: {
                name: 'mine',
                typed_config: { '@type': 'type.googleapis.com/envoy.config.core.v3.Address' },
              },
            },
          ],
        },
      },
      /mine is not supported/,
    ],
    [
      'fallback keys that are no keys',
      {
        lb_subset_config: {
          subset_selectors: [
            { keys: ['a', 'b'], fallback_policy: 'KEYS_SUBSET', fallback_keys_subset: ['c'] },
          ],
        },
      },
      /fallback_keys_subset/,
    ],
  ])('%s', (_, settings, message) => {
    expect(() => testClusters().put(staticCluster([], settings))).toThrow(message);
  });
});
