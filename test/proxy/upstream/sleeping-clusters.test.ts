/** Clusters that say what another one says wait as bytes, and nobody can tell. */

import { type JsonObject, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SleepingCluster } from '../../../src/proxy/upstream/sleeping-cluster.ts';
import { ClusterSchema } from '../../../src/xds/proto/generated/envoy/config/cluster/v3/cluster_pb.js';
import { WireFields } from '../../../src/xds/proto/wire-fields.ts';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';
import { ANY, assignmentOf, staticCluster, testClusters } from './clusters.ts';

const eds = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  type: 'EDS',
  alt_stat_name: `${name};`,
  metadata: { filter_metadata: { istio: { config: name } } },
  eds_cluster_config: { eds_config: { ads: {} }, service_name: `service-${name}` },
  ...more,
});
const fixed = (name: string, port: number, more: JsonObject = {}): JsonObject => ({
  ...staticCluster([{ port }], more),
  name,
});

/** Whether the newest cluster of that name has not been made yet. */
const sleeps = (clusters: ReturnType<typeof testClusters>, name: string): boolean =>
  clusters.manager.newest(name) instanceof SleepingCluster;

describe('the second of a kind sleeps', () => {
  test('and is there when it is asked for', () => {
    const clusters = testClusters();
    clusters.put(fixed('a', 1));
    clusters.put(fixed('b', 1));
    expect([sleeps(clusters, 'a'), sleeps(clusters, 'b')]).toEqual([false, true]);
    expect(clusters.stat('cluster_manager.active_clusters')).toBe(2);
    const found = clusters.get('b');
    expect(found.choose(ANY)?.id).toBe('127.0.0.1:1');
    expect(clusters.get('b')).toBe(found);
    expect(sleeps(clusters, 'b')).toBe(false);
  });

  test('and waits for its endpoints like any other', async () => {
    const clusters = testClusters();
    clusters.put(eds('a'));
    clusters.put(eds('b'));
    expect(sleeps(clusters, 'b')).toBe(true);
    expect([...clusters.manager.edsNames].sort()).toEqual(['service-a', 'service-b']);
    expect(clusters.manager.get('b')).toBeUndefined();
    clusters.assign(assignmentOf('service-b', [{ port: 2 }]));
    await clusters.manager.warm('b');
    expect(sleeps(clusters, 'b')).toBe(true);
    expect(clusters.get('b').choose(ANY)?.id).toBe('127.0.0.1:2');
    expect(clusters.stat('cluster.b;.update_success')).toBe(1);
    clusters.assign(assignmentOf('service-b', [{ port: 3 }]));
    expect(clusters.get('b').choose(ANY)?.id).toBe('127.0.0.1:3');
  });

  test('and goes on without endpoints when nobody names them', async () => {
    const clusters = testClusters();
    clusters.put(eds('a'));
    clusters.put(eds('b'));
    clusters.manager.giveUpWaiting('service-b');
    await clusters.manager.warm('b');
    expect(clusters.get('b').choose(ANY)).toBeUndefined();
    expect(clusters.stat('cluster.b;.update_success')).toBe(0);
    clusters.assign(assignmentOf('service-b', [{ port: 2 }]));
    expect(clusters.get('b').choose(ANY)?.id).toBe('127.0.0.1:2');
  });

  test('and counts what changes while nobody uses it', async () => {
    const clusters = testClusters();
    for (const name of ['a', 'b']) clusters.put(eds(name));
    for (const port of [1, 2, 3])
      for (const name of ['a', 'b']) clusters.assign(assignmentOf(`service-${name}`, [{ port }]));
    await clusters.manager.warm('b');
    clusters.manager.wake();
    for (const event of ['update_success', 'membership_change', 'membership_total'])
      expect([event, clusters.stat(`cluster.b;.${event}`)]).toEqual([
        event,
        clusters.stat(`cluster.a;.${event}`),
      ]);
  });

  test('and is as good as the one it says again', () => {
    const clusters = testClusters();
    clusters.put(fixed('a', 1));
    clusters.put(fixed('b', 1));
    clusters.put(fixed('b', 1));
    expect(clusters.stat('cluster_manager.cluster_modified')).toBe(0);
    clusters.put(fixed('b', 1, { connect_timeout: '1s' }));
    expect(clusters.stat('cluster_manager.cluster_modified')).toBe(1);
    expect(clusters.get('b').settings.connectTimeout).toBe(1000);
    clusters.manager.remove('b');
    expect(clusters.manager.get('b')).toBeUndefined();
  });

  test('and is seen by whoever looks at all of them', () => {
    const clusters = testClusters();
    for (const name of ['a', 'b', 'c']) clusters.put(fixed(name, 1));
    expect([...clusters.manager.active].map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(clusters.stat('cluster.c.membership_total')).toBe(1);
  });
});

test.each<[string, (name: string) => JsonObject]>([
  ['names to be looked up', (name) => fixed(name, 1, { type: 'STRICT_DNS' })],
  ['endpoints to be checked', (name) => fixed(name, 1, { health_checks: [HEALTH_CHECK] })],
  ['endpoints of its own', (name) => fixed(name, name.charCodeAt(0))],
  ['settings of its own', (name) => fixed(name, 1, { connect_timeout: `${name.charCodeAt(0)}s` })],
])('a cluster with %s is made at once', (_, of) => {
  const clusters = testClusters();
  clusters.put(of('a'));
  clusters.put(of('b'));
  expect(sleeps(clusters, 'b')).toBe(false);
  clusters.manager.close();
});

const HEALTH_CHECK: JsonObject = {
  timeout: '1s',
  interval: '60s',
  unhealthy_threshold: 1,
  healthy_threshold: 1,
  tcp_health_check: {},
};

test('what is wrong with one is told, whatever others of its kind there are', () => {
  const clusters = testClusters();
  clusters.put(fixed('a', 1));
  expect(() => clusters.put(fixed('', 1))).toThrow('cluster.name');
  expect(() => clusters.put(fixed('b', 1, { track_timeout_budgets: true }))).toThrow('track_timeout_budgets');
  expect(() =>
    clusters.put({ ...fixed('b', 1), load_assignment: { cluster_name: 'b', endpoints: [BAD] } }),
  ).toThrow();
});

test('what is taken can be decoded later, whatever bytes it is', () => {
  const good = toBinary(ClusterSchema, messageFromJson(ClusterSchema, eds('b')));
  const clusters = testClusters();
  clusters.put(eds('a'));
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
      const bytes = Uint8Array.from(good);
      bytes[at] = byte;
      try {
        clusters.manager.put(bytes);
      } catch {
        return;
      }
      fromBinary(ClusterSchema, bytes);
    }),
    { numRuns: 5_000 },
  );
  clusters.manager.close();
});

/** Fields of a cluster with one more among them, whatever it is. */
function withField(name: string, field: readonly number[], at: number): Uint8Array {
  const bytes = toBinary(ClusterSchema, messageFromJson(ClusterSchema, eds(name)));
  const starts: number[] = [];
  for (const fields = new WireFields(bytes); fields.next();) starts.push(fields.start);
  const cut = starts[at % starts.length] ?? 0;
  return Buffer.concat([bytes.subarray(0, cut), Buffer.from(field), bytes.subarray(cut)]);
}

test('what is taken as another one of its kind is read as that one is', () => {
  const varint = fc
    .tuple(fc.integer({ min: 1, max: 15 }), fc.nat(20))
    .map(([tag, value]) => [tag * 8, value]);
  const text = fc.constantFrom([34, 2, 8, 1], [26, 3, 18, 1, 120], [26, 0], [10, 1, 122]);
  fc.assert(
    fc.property(fc.oneof(varint, text), fc.nat(9), fc.integer({ min: 1, max: 30 }), (field, at, length) => {
      const [clusters, alone] = [testClusters(), testClusters()];
      const second = withField('b'.repeat(length), field, at);
      try {
        clusters.manager.put(withField('a', field, at));
        clusters.manager.put(second);
      } catch {
        return;
      }
      alone.manager.put(second);
      const [whole] = [...alone.manager.warming, ...alone.manager.active];
      expect(clusters.manager.newest(whole?.name ?? '')?.edsName).toBe(whole?.edsName);
      clusters.manager.wake();
      for (const { manager } of [clusters, alone]) manager.close();
    }),
    { numRuns: 3_000 },
  );
});

const BAD: JsonObject = {
  lb_endpoints: [{ endpoint: { address: { socket_address: { address: 'a name', port_value: 1 } } } }],
};

test('endpoints that are forgotten after a while are so in a cluster that nobody uses', async () => {
  const clusters = testClusters();
  clusters.put(eds('a'));
  clusters.put(eds('b'));
  clusters.assign({ ...assignmentOf('service-b', [{ port: 2 }]), policy: { endpoint_stale_after: '600s' } });
  await clusters.manager.warm('b');
  expect(sleeps(clusters, 'b')).toBe(false);
  clusters.manager.close();
});
