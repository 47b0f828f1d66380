import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '@bufbuild/protobuf';
import type { DnsCache, LookUp } from '../../../src/proxy/upstream/dns/cache.ts';
import type { DnsAddress, DnsResolver } from '../../../src/proxy/upstream/dns/resolver.ts';
import { DnsCacheConfigSchema } from '../../../src/xds/proto/generated/envoy/extensions/common/dynamic_forward_proxy/v3/dns_cache_pb.js';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';
import { type TestClusters, testClusters } from './clusters.ts';

const CACHE = { name: 'names', dns_lookup_family: 'V4_ONLY' };

/** Answers when the test says so. */
class Resolver implements DnsResolver {
  readonly asked: { name: string; answer: PromiseWithResolvers<readonly DnsAddress[]> }[] = [];

  resolve(name: string): Promise<readonly DnsAddress[]> {
    const answer = Promise.withResolvers<readonly DnsAddress[]>();
    this.asked.push({ name, answer });
    return answer.promise;
  }

  async answer(...ips: readonly string[]): Promise<void> {
    this.asked.shift()?.answer.resolve(ips.map((ip) => ({ ip, ttl: undefined })));
    await vi.advanceTimersByTimeAsync(0);
  }

  async fail(): Promise<void> {
    this.asked.shift()?.answer.reject(new Error('refused'));
    await vi.advanceTimersByTimeAsync(0);
  }
}

function cluster(name: string, cache: JsonObject = CACHE, more: JsonObject = {}): JsonObject {
  return {
    name,
    connect_timeout: '1s',
    lb_policy: 'CLUSTER_PROVIDED',
    cluster_type: {
      name: 'envoy.clusters.dynamic_forward_proxy',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig',
        dns_cache_config: cache,
      },
    },
    ...more,
  };
}

let resolver: Resolver;
let clusters: TestClusters;
const releases: (() => void)[] = [];

function cacheOf(more: JsonObject = {}): DnsCache {
  const config = messageFromJson(DnsCacheConfigSchema, { ...CACHE, ...more });
  const { cache, release } = clusters.manager.dnsCaches.acquire('cache', config);
  releases.push(release);
  return cache;
}

/** What looking a name up comes to, now or later. */
function lookUp(cache: DnsCache, name: string): { answer: LookUp | undefined; giveUp: () => void } {
  const found: { answer: LookUp | undefined; giveUp: () => void } = {
    answer: undefined,
    giveUp: () => undefined,
  };
  const now = cache.lookUp(name, (answer) => (found.answer = answer));
  if (typeof now === 'function') found.giveUp = now;
  else found.answer = now;
  return found;
}

const choose = (authority: string) =>
  clusters.get('dynamic').choose({
    hash: () => undefined,
    metadataMatch: undefined,
    originalDestination: undefined,
    authority,
  });

beforeEach(() => {
  vi.useFakeTimers();
  resolver = new Resolver();
  clusters = testClusters({ dns: resolver });
});
afterEach(() => {
  for (const release of releases.splice(0)) release();
  clusters.manager.close();
  vi.useRealTimers();
});

describe('hosts that are looked up', () => {
  it('are endpoints once their names have addresses, each with its port', async () => {
    clusters.put(cluster('dynamic'));
    const cache = cacheOf();
    expect(clusters.get('dynamic').isDynamic).toBe(true);
    expect(choose('one.example:8080')).toBeUndefined();
    const first = lookUp(cache, 'one.example');
    const second = lookUp(cache, 'ONE.example');
    expect([first.answer, second.answer]).toEqual([undefined, undefined]);
    expect(resolver.asked).toHaveLength(1);
    await resolver.answer('10.0.0.1', '10.0.0.2');
    expect([first.answer, second.answer]).toEqual(['found', 'found']);
    expect(choose('one.example:8080')).toMatchObject({ id: '10.0.0.1:8080', hostname: 'one.example' });
    expect(choose('one.example:8080')).toBe(choose('ONE.example:8080'));
    expect(choose('one.example')?.id).toBe('10.0.0.1:80');
    expect(choose('two.example')).toBeUndefined();
    expect(choose('10.9.9.9:81')?.id).toBe('10.9.9.9:81');
    expect(choose('not a host:80')).toBeUndefined();
    expect(clusters.stat('dns_cache.names.dns_query_attempt')).toBe(1);
  });

  it('follow their names to other addresses, and stay where a name has none any longer', async () => {
    clusters.put(cluster('dynamic'));
    const cache = cacheOf();
    lookUp(cache, 'one.example');
    await resolver.answer('10.0.0.1');
    const before = choose('one.example');
    await vi.advanceTimersByTimeAsync(60_000);
    await resolver.answer('10.0.0.7');
    expect(choose('one.example')?.id).toBe('10.0.0.7:80');
    expect(choose('one.example')).not.toBe(before);
    await vi.advanceTimersByTimeAsync(60_000);
    await resolver.fail();
    expect(lookUp(cache, 'one.example').answer).toBe('found');
    expect(choose('one.example')?.id).toBe('10.0.0.7:80');
    expect(clusters.stat('dns_cache.names.host_address_changed')).toBe(1);
  });

  it('are missing while their names have no address, whatever the reason', async () => {
    const cache = cacheOf({ dns_query_timeout: '2s' });
    const none = lookUp(cache, 'none.example');
    await resolver.answer();
    const failing = lookUp(cache, 'failing.example');
    await resolver.fail();
    const late = lookUp(cache, 'late.example');
    await vi.advanceTimersByTimeAsync(2_000);
    expect([none.answer, failing.answer, late.answer]).toEqual(['missing', 'missing', 'missing']);
    // The next one hears it at once.
    expect(lookUp(cache, 'none.example').answer).toBe('missing');
    expect(clusters.stat('dns_cache.names.dns_query_failure')).toBe(1);
    expect(clusters.stat('dns_cache.names.dns_query_timeout')).toBe(1);
  });

  it('are no more than there is room for, and forgotten when nobody asks for them', async () => {
    const cache = cacheOf({
      max_hosts: 1,
      host_ttl: '90s',
      dns_cache_circuit_breaker: { max_pending_requests: 2 },
    });
    const waiting = [lookUp(cache, 'one.example'), lookUp(cache, 'one.example')];
    expect(lookUp(cache, 'one.example').answer).toBe('too-many');
    // Whoever no longer waits makes room.
    waiting[1]?.giveUp();
    expect(lookUp(cache, 'two.example').answer).toBe('too-many');
    await resolver.answer('10.0.0.1');
    expect(waiting.map(({ answer }) => answer)).toEqual(['found', undefined]);
    await vi.advanceTimersByTimeAsync(60_000);
    await resolver.answer('10.0.0.1');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(clusters.stat('dns_cache.names.num_hosts')).toBe(0);
    expect(lookUp(cache, 'two.example').answer).toBeUndefined();
    await resolver.answer('10.0.0.2');
    expect(clusters.stat('dns_cache.names.host_overflow')).toBe(1);
    expect(clusters.stat('dns_cache.names.dns_rq_pending_overflow')).toBe(1);
  });

  it('share a cache by its name, which has to be the same wherever it stands', () => {
    clusters.put(cluster('dynamic'));
    expect(cacheOf()).toBe(cacheOf());
    expect(() => clusters.put(cluster('other', { ...CACHE, max_hosts: 5 }))).toThrow('different settings');
  });

  it.each([
    ['lb_policy', { lb_policy: 'ROUND_ROBIN' }, 'CLUSTER_PROVIDED'],
    ['another type', { cluster_type: { name: 'envoy.clusters.redis' } }, 'envoy.clusters.redis'],
    ['no settings', { cluster_type: { name: 'envoy.clusters.dynamic_forward_proxy' } }, 'typed_config'],
    [
      'names that need not be of the host',
      {
        typed_extension_protocol_options: {
          'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
            '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
            explicit_http_config: { http_protocol_options: {} },
          },
        },
      },
      'allow_insecure_cluster_options',
    ],
  ] as const)('are refused with %s', (_what, more, words) => {
    expect(() => clusters.put(cluster('dynamic', CACHE, more as JsonObject))).toThrow(words);
    // Nothing is left of what was begun.
    expect(() => clusters.put(cluster('dynamic', { ...CACHE, max_hosts: 5 }))).not.toThrow();
  });
});
