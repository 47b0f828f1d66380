import { describe, expect, test } from 'vitest';
import { ANY, assignmentOf, portsChosen, staticCluster, testClusters } from './clusters.ts';

const EDS = {
  name: 'e',
  type: 'EDS',
  eds_cluster_config: { eds_config: { ads: {} }, service_name: 'service' },
};

describe('a cluster manager', () => {
  test('gives a static cluster at once', async () => {
    const clusters = testClusters();
    clusters.put(staticCluster([{ port: 1 }, { port: 2 }]));
    await clusters.manager.warm('c');
    expect(portsChosen(clusters.get('c'), 10)).toEqual({ 1: 5, 2: 5 });
    expect(clusters.stat('cluster.c.membership_total')).toBe(2);
    expect(clusters.stat('cluster_manager.active_clusters')).toBe(1);
  });

  test('a cluster with EDS waits for its endpoints', async () => {
    const clusters = testClusters();
    clusters.put(EDS);
    expect(clusters.manager.get('e')).toBeUndefined();
    expect([...clusters.manager.edsNames]).toEqual(['service']);
    expect(clusters.stat('cluster_manager.warming_clusters')).toBe(1);
    clusters.assign(assignmentOf('service', [{ port: 1 }]));
    await clusters.manager.warm('e');
    expect(clusters.get('e').choose(ANY)?.id).toBe('127.0.0.1:1');
  });

  test('a changed cluster takes over when it is warm, at once with endpoints that are known', async () => {
    const clusters = testClusters();
    clusters.put(EDS);
    clusters.assign(assignmentOf('service', [{ port: 1 }]));
    await clusters.manager.warm('e');
    const before = clusters.get('e');
    let drained = 0;
    before.onClosed(() => drained++);
    clusters.put({ ...EDS, eds_cluster_config: { eds_config: { ads: {} }, service_name: 'other' } });
    expect(clusters.get('e')).toBe(before);
    clusters.assign(assignmentOf('other', [{ port: 2 }]));
    await clusters.manager.warm('e');
    expect(clusters.get('e')).not.toBe(before);
    expect(drained).toBe(1);
    clusters.put({
      ...EDS,
      connect_timeout: '1s',
      eds_cluster_config: { eds_config: { ads: {} }, service_name: 'other' },
    });
    expect(clusters.get('e').settings.connectTimeout).toBe(1000);
    expect(clusters.get('e').choose(ANY)?.id).toBe('127.0.0.1:2');
  });

  test('a cluster that is put again as it is goes on', () => {
    const clusters = testClusters();
    clusters.put(staticCluster([{ port: 1 }]));
    const before = clusters.get('c');
    clusters.put(staticCluster([{ port: 1 }]));
    expect(clusters.get('c')).toBe(before);
    expect(clusters.stat('cluster_manager.cluster_modified')).toBe(0);
  });

  test('endpoints that stay keep their object, and those that go are told', async () => {
    const clusters = testClusters();
    clusters.put(EDS);
    clusters.assign(assignmentOf('service', [{ port: 1 }, { port: 2, weight: 3 }]));
    await clusters.manager.warm('e');
    const cluster = clusters.get('e');
    const removed: string[] = [];
    cluster.onHostRemoved((host) => removed.push(host.id));
    const hosts = new Set(Array.from({ length: 20 }, () => cluster.choose(ANY)));
    clusters.assign(assignmentOf('service', [{ port: 2, weight: 1 }, { port: 3 }]));
    const after = new Set(Array.from({ length: 20 }, () => cluster.choose(ANY)));
    expect(removed).toEqual(['127.0.0.1:1']);
    const second = [...after].find((host) => host?.id === '127.0.0.1:2');
    expect(hosts.has(second)).toBe(true);
    expect(second?.weight).toBe(1);
  });

  test('a removed cluster drains and is gone', () => {
    const clusters = testClusters();
    clusters.put(staticCluster([{ port: 1 }]));
    let drained = 0;
    clusters.get('c').onClosed(() => drained++);
    clusters.manager.remove('c');
    expect(drained).toBe(1);
    expect(clusters.manager.get('c')).toBeUndefined();
  });

  test.each([
    [
      'a name where an address belongs',
      staticCluster([{ ip: 'example.com', port: 1 }]),
      /"example.com" is no IP address/,
    ],
    ['filters', staticCluster([], { filters: [{ name: 'f' }] }), 'cluster c.filters is not supported'],
    [
      'options of another protocol',
      staticCluster([], { typed_extension_protocol_options: { other: {} } }),
      /\[other\] is not supported/,
    ],
    [
      'LEDS',
      staticCluster([], {
        load_assignment: { cluster_name: 'c', endpoints: [{ leds_cluster_locality_config: {} }] },
      }),
      /leds_cluster_locality_config is not supported/,
    ],
    [
      'an unknown transport socket',
      staticCluster([], { transport_socket: { name: 'x' } }),
      /transport_socket x/,
    ],
    [
      'endpoints by discovery for a static cluster',
      staticCluster([], { eds_cluster_config: { eds_config: { ads: {} } } }),
      /cluster c.eds_cluster_config: only clusters of the type EDS/,
    ],
    ['a weight of 0', staticCluster([{ port: 1, weight: 0 }]), /load_balancing_weight: below 1/],
  ])('refuses %s by name and changes nothing', (_, json, message) => {
    const clusters = testClusters();
    clusters.put(staticCluster([{ port: 9 }]));
    expect(() => clusters.put(json)).toThrow(message);
    expect(clusters.get('c').choose(ANY)?.id).toBe('127.0.0.1:9');
  });
});
