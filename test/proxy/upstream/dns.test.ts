import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { DnsAddress, DnsResolver } from '../../../src/proxy/upstream/dns/resolver.ts';
import { candidates, parseHosts, parseSearch, systemDns } from '../../../src/proxy/upstream/dns/resolver.ts';
import { ANY, portsChosen, testClusters } from './clusters.ts';
import { dnsServer } from './dns-server.ts';

describe('asking name servers', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'dns-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test('gives addresses with their time to live, by family', async () => {
    await using server = await dnsServer({
      'a.example': ['10.0.0.1', '10.0.0.2', '2001:db8::1'],
      'b.example': ['10.0.0.3'],
    });
    server.ttl = 7;
    const dns = systemDns({ servers: [server.address], searches: false });
    const ips = async (name: string, families: Parameters<DnsResolver['resolve']>[1]) =>
      (await dns.resolve(name, families)).map(({ ip }) => ip);
    expect(await dns.resolve('a.example', 'v4')).toEqual([
      { ip: '10.0.0.1', ttl: 7 },
      { ip: '10.0.0.2', ttl: 7 },
    ]);
    expect(await ips('a.example', 'v6')).toEqual(['2001:db8::1']);
    expect(await ips('a.example', 'auto')).toEqual(['2001:db8::1']);
    expect(await ips('a.example', 'v4-preferred')).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(await ips('a.example', 'all')).toEqual(['10.0.0.1', '10.0.0.2', '2001:db8::1']);
    expect(await ips('b.example', 'auto')).toEqual(['10.0.0.3']);
  });

  test('a name that is not there has no addresses; a server that fails is an error', async () => {
    await using server = await dnsServer({ 'broken.example': 'fail' });
    const dns = systemDns({ servers: [server.address], searches: false });
    expect(await dns.resolve('nowhere.example', 'v4')).toEqual([]);
    await expect(dns.resolve('broken.example', 'v4')).rejects.toThrow();
  });

  test('looks into the hosts file first, and into search domains', async () => {
    await using server = await dnsServer({ 'svc.ns.cluster.local': ['10.1.0.1'] });
    const dns = systemDns({
      servers: [server.address],
      hostsFile: file('hosts', '127.0.0.9 here # comment\n::1 here\n'),
      resolvConf: file('resolv.conf', 'search cluster.local\noptions ndots:5 timeout:1\n'),
    });
    expect(await dns.resolve('here', 'v4')).toEqual([{ ip: '127.0.0.9', ttl: undefined }]);
    expect(server.asked).toEqual([]);
    expect(await dns.resolve('svc.ns', 'v4')).toMatchObject([{ ip: '10.1.0.1' }]);
    expect(server.asked).toEqual(['svc.ns.cluster.local/A']);
  });

  test('the names that are tried, in their order', () => {
    const search = { domains: ['a.b', 'c'], ndots: 2 };
    expect(candidates('x.y', search)).toEqual(['x.y.a.b', 'x.y.c', 'x.y']);
    expect(candidates('x.y.z', search)).toEqual(['x.y.z', 'x.y.z.a.b', 'x.y.z.c']);
    expect(candidates('x.', search)).toEqual(['x']);
    expect(parseSearch('nameserver 1.1.1.1\nsearch one. two\n')).toEqual({
      domains: ['one', 'two'],
      ndots: 1,
    });
    expect(parseHosts('# nothing\nbad line\n10.0.0.1\tA b\n').get('a')).toEqual(['10.0.0.1']);
  });
});

const named = (
  names: readonly (readonly [name: string, port: number])[],
  more: JsonObject = {},
): JsonObject => ({
  name: 'd',
  type: 'STRICT_DNS',
  load_assignment: {
    cluster_name: 'd',
    endpoints: [
      {
        lb_endpoints: names.map(([address, port_value]) => ({
          endpoint: { address: { socket_address: { address, port_value } } },
        })),
      },
    ],
  },
  ...more,
});

/** Answers from a table that the test changes. */
function tableDns(table: Record<string, readonly DnsAddress[] | Error>) {
  const asked: string[] = [];
  const dns: DnsResolver = {
    resolve: async (name) => {
      asked.push(name);
      const found = table[name] ?? [];
      if (found instanceof Error) throw found;
      return found;
    },
  };
  return { dns, table, asked };
}

const at = (ip: string, ttl?: number): DnsAddress => ({ ip, ttl });

describe('clusters of names', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test('STRICT_DNS has an endpoint for each address of each name', async () => {
    const { dns } = tableDns({ a: [at('10.0.0.1'), at('10.0.0.2')], b: [at('10.0.0.3')] });
    const clusters = testClusters({ dns });
    clusters.put(
      named([
        ['a', 80],
        ['b', 81],
        ['10.0.0.9', 82],
      ]),
    );
    await clusters.manager.warm('d');
    await vi.advanceTimersByTimeAsync(0);
    const ids = new Set(Array.from({ length: 40 }, () => clusters.get('d').choose(ANY)?.id));
    expect([...ids].sort()).toEqual(['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:81', '10.0.0.9:82']);
    expect(clusters.get('d').choose(ANY)?.hostname).toMatch(/^(?:a|b|)$/);
  });

  test('asks again after the refresh rate, or the time to live where that counts', async () => {
    const { dns, asked } = tableDns({ a: [at('10.0.0.1', 30), at('10.0.0.2', 20)] });
    const clusters = testClusters({ dns });
    clusters.put(named([['a', 80]], { dns_refresh_rate: '5s' }));
    await vi.advanceTimersByTimeAsync(11_000);
    expect(asked.length).toBe(3);
    clusters.put(named([['a', 80]], { dns_refresh_rate: '5s', respect_dns_ttl: true }));
    await vi.advanceTimersByTimeAsync(0);
    asked.length = 0;
    await vi.advanceTimersByTimeAsync(19_000);
    expect(asked.length).toBe(0);
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked.length).toBe(1);
    clusters.manager.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('waits for a time to live that no timer can wait for', async () => {
    const { dns, asked } = tableDns({ a: [at('10.0.0.1', 2 ** 31 - 1)] });
    const clusters = testClusters({ dns });
    clusters.put(named([['a', 80]], { respect_dns_ttl: true }));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked.length).toBe(1);
    clusters.manager.close();
  });

  test('keeps what it knew when the server fails, and forgets it when the name is gone', async () => {
    const { dns, table } = tableDns({ a: [at('10.0.0.1')] });
    const clusters = testClusters({ dns });
    clusters.put(named([['a', 80]]));
    await clusters.manager.warm('d');
    const cluster = clusters.get('d');
    const host = cluster.choose(ANY);
    table['a'] = new Error('timeout');
    await vi.advanceTimersByTimeAsync(5000);
    expect(cluster.choose(ANY)).toBe(host);
    expect(clusters.stat('cluster.d.update_failure')).toBe(1);
    table['a'] = [at('10.0.0.1'), at('10.0.0.2')];
    await vi.advanceTimersByTimeAsync(5000);
    expect(portsChosen(cluster, 4)).toEqual({ 80: 4 });
    expect(clusters.stat('cluster.d.membership_total')).toBe(2);
    table['a'] = [];
    await vi.advanceTimersByTimeAsync(5000);
    expect(cluster.choose(ANY)).toBeUndefined();
  });

  test('a failure at first does not keep the cluster from being there', async () => {
    const { dns, table } = tableDns({ a: new Error('timeout') });
    const clusters = testClusters({ dns });
    clusters.put(
      named([['a', 80]], { dns_failure_refresh_rate: { base_interval: '1s', max_interval: '1s' } }),
    );
    await clusters.manager.warm('d');
    expect(clusters.get('d').choose(ANY)).toBeUndefined();
    table['a'] = [at('10.0.0.1')];
    await vi.advanceTimersByTimeAsync(1000);
    expect(clusters.get('d').choose(ANY)?.id).toBe('10.0.0.1:80');
  });

  test('LOGICAL_DNS has one endpoint, whose address changes', async () => {
    const { dns, table } = tableDns({ a: [at('10.0.0.1'), at('10.0.0.2')] });
    const clusters = testClusters({ dns });
    clusters.put(named([['a', 80]], { type: 'LOGICAL_DNS' }));
    await clusters.manager.warm('d');
    const cluster = clusters.get('d');
    const removed: string[] = [];
    cluster.onHostRemoved(({ id }) => removed.push(id));
    const host = cluster.choose(ANY);
    expect(host?.id).toBe('10.0.0.1:80');
    table['a'] = [at('10.0.0.7')];
    await vi.advanceTimersByTimeAsync(5000);
    expect(cluster.choose(ANY)).toBe(host);
    expect(host?.id).toBe('10.0.0.7:80');
    expect(removed).toEqual([]);
  });

  test.each([
    [
      'LOGICAL_DNS with two endpoints',
      named(
        [
          ['a', 1],
          ['b', 1],
        ],
        { type: 'LOGICAL_DNS' },
      ),
      /exactly one endpoint/,
    ],
    ['DNS over TCP', named([['a', 1]], { use_tcp_for_dns_lookups: true }), /use_tcp_for_dns_lookups/],
    [
      'an unknown resolver',
      named([['a', 1]], {
        typed_dns_resolver_config: {
          name: 'x',
          typed_config: { '@type': 'type.googleapis.com/envoy.config.core.v3.Address' },
        },
      }),
      /typed_dns_resolver_config of type/,
    ],
  ])('refuses %s', (_, json, message) => {
    expect(() => testClusters().put(json)).toThrow(message);
  });
});

test('a cluster asks the name servers that it names', async () => {
  await using server = await dnsServer({ 'svc.example': ['127.0.0.1'] });
  const clusters = testClusters();
  const resolver = { socket_address: { address: '127.0.0.1', port_value: server.port } };
  clusters.put(
    named([['svc.example', 80]], {
      typed_dns_resolver_config: {
        name: 'envoy.network.dns_resolver.cares',
        typed_config: {
          '@type':
            'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
          resolvers: [resolver],
        },
      },
    }),
  );
  await clusters.manager.warm('d');
  expect(clusters.get('d').choose(ANY)?.id).toBe('127.0.0.1:80');
  clusters.manager.close();
});
