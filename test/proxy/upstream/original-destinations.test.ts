import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ANY, testClusters } from './clusters.ts';

const CLUSTER = { name: 'o', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' };
const to = (ip: string, port: number) => ({ ...ANY, originalDestination: { kind: 'ip' as const, ip, port } });

describe('a cluster of original destinations', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test('sends connections where they were going, and nowhere else', () => {
    const clusters = testClusters();
    clusters.put(CLUSTER);
    const cluster = clusters.get('o');
    expect(cluster.choose(ANY)).toBeUndefined();
    const host = cluster.choose(to('10.0.0.1', 80));
    expect(host?.id).toBe('10.0.0.1:80');
    expect(cluster.choose(to('10.0.0.1', 80))).toBe(host);
    expect(cluster.choose(to('2001:db8::1', 80))?.id).toBe('[2001:db8::1]:80');
    expect(clusters.stat('cluster.o.membership_total')).toBe(2);
  });

  test('forgets destinations that nobody asks for, but not those that are connected to', () => {
    const clusters = testClusters();
    clusters.put({ ...CLUSTER, cleanup_interval: '1s' });
    const cluster = clusters.get('o');
    const removed: string[] = [];
    cluster.onHostRemoved(({ id }) => removed.push(id));
    const kept = cluster.choose(to('10.0.0.1', 80));
    if (kept === undefined) throw new Error('no endpoint');
    kept.stats.cxActive++;
    cluster.choose(to('10.0.0.2', 80));
    vi.advanceTimersByTime(1000);
    expect(removed).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(removed).toEqual(['10.0.0.2:80']);
    kept.stats.cxActive--;
    vi.advanceTimersByTime(1000);
    expect(removed).toEqual(['10.0.0.2:80', '10.0.0.1:80']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('may read the destination from a header, and change its port', () => {
    const clusters = testClusters();
    const config = { use_http_header: true, upstream_port_override: 8080 };
    clusters.put({ ...CLUSTER, original_dst_lb_config: config });
    const from = (value: string | undefined) => ({
      ...to('10.0.0.9', 1),
      header: (name: string) => (name === 'x-envoy-original-dst-host' ? value : undefined),
    });
    const cluster = clusters.get('o');
    expect(cluster.choose(from('10.0.0.1:80'))?.id).toBe('10.0.0.1:8080');
    expect(cluster.choose(from('[::1]:80'))?.id).toBe('[::1]:8080');
    expect(cluster.choose(from(undefined))?.id).toBe('10.0.0.9:8080');
    expect(cluster.choose(from('nonsense'))).toBeUndefined();
    expect(clusters.stat('cluster.o.original_dst_host_invalid')).toBe(1);
  });

  test('balances in no other way', () => {
    const clusters = testClusters();
    expect(() => clusters.put({ ...CLUSTER, lb_policy: 'ROUND_ROBIN' })).toThrow(/needs CLUSTER_PROVIDED/);
    expect(() => clusters.put({ name: 's', lb_policy: 'CLUSTER_PROVIDED' })).toThrow(
      /for clusters of type ORIGINAL_DST/,
    );
  });
});
