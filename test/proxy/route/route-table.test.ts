/** The matcher by Envoy's documentation of route matching. */

import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { type Json, MATCHES, REDIRECTS, REWRITES } from './cases.ts';
import { normalizedPath } from '../../../src/proxy/route/normalize-path.ts';
import type { RouteRequest } from '../../../src/proxy/route/request.ts';
import { request } from './request.ts';
import { RouteTable } from '../../../src/proxy/route/route-table.ts';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';
import { RouteConfigurationSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_pb.js';

function table(config: Json): RouteTable {
  return new RouteTable(messageFromJson(RouteConfigurationSchema, config));
}

/** The names of the routes stand for where they lead. */
function winner(routes: readonly Json[], over: Partial<RouteRequest>): string {
  const named = routes.map((match, index) => ({ name: String(index), match, route: { cluster: 'c' } }));
  const result = table({ virtual_hosts: [{ name: 'v', domains: ['*'], routes: named }] }).match(
    request(over),
  );
  return result.kind === 'route' ? result.route.name : result.kind;
}

describe('the virtual host', () => {
  const hosts = table({
    ignore_port_in_host_matching: true,
    virtual_hosts: [
      ['exact', 'www.foo.com', 'Mixed.foo.com'],
      ['suffix', '*.foo.com'],
      ['dashed', '*-bar.foo.com'],
      ['prefix', 'www.*'],
      ['longer', 'www.foo.*'],
      ['rest', '*'],
    ].map(([name, ...domains]) => ({
      name: name ?? '',
      domains,
      routes: [{ match: { prefix: '/' }, direct_response: { status: 200 } }],
    })),
  });
  it.each([
    ['www.foo.com', 'exact'],
    ['WWW.FOO.COM', 'exact'],
    ['mixed.foo.com', 'exact'],
    ['www.foo.com:8080', 'exact'],
    ['a.foo.com', 'suffix'],
    ['a.b.foo.com', 'suffix'],
    ['.foo.com', 'rest'],
    ['foo.com', 'rest'],
    ['baz-bar.foo.com', 'dashed'],
    ['-bar.foo.com', 'suffix'],
    ['www.bar.org', 'prefix'],
    ['www.foo.org', 'longer'],
    ['www.', 'rest'],
    ['[::1]:80', 'rest'],
    ['www.foo.com:', 'exact'],
    ['www.foo.com:x', 'exact'],
    ['www.foo.com:80:80', 'longer'],
    ['[www.foo.com:80]', 'rest'],
  ])('of %s is %s', (authority, name) => {
    const result = hosts.match(request({ authority }));
    expect('virtualHost' in result && result.virtualHost.name).toBe(name);
  });

  it('is looked for with the port where the configuration does not say to leave it out', () => {
    const config = { virtual_hosts: [{ name: 'v', domains: ['a.example'], routes: [] }] };
    expect(table(config).match(request({ authority: 'a.example:80' })).kind).toBe('no-host');
  });

  it('is claimed by one only', () => {
    const twice = ['one', 'two'].map((name) => ({ name, domains: ['a.example', 'A.example'].slice(0, 1) }));
    expect(() => table({ virtual_hosts: twice })).toThrow('a.example');
  });

  it('that wants TLS sends clear text there', () => {
    const config = { virtual_hosts: [{ name: 'v', domains: ['*'], require_tls: 'ALL', routes: [] }] };
    expect(table(config).match(request({ path: '/x?y=1' }))).toMatchObject({
      kind: 'tls-required',
      location: 'https://a.example/x?y=1',
    });
    expect(table(config).match(request({ scheme: 'https' })).kind).toBe('no-route');
  });
});

describe('a match', () => {
  it.each(MATCHES)('%s', (_, match, over, taken) => {
    expect(winner([match], over)).toBe(taken ? '0' : 'no-route');
  });

  it('that comes first wins, however narrow later ones are', () => {
    expect(winner([{ prefix: '/none' }, { prefix: '/' }, { path: '/a' }], { path: '/a' })).toBe('1');
  });
});

describe('an action', () => {
  const outcome = (match: Json, action: Record<string, Json>, over: Partial<RouteRequest> = {}) => {
    const config = { virtual_hosts: [{ name: 'v', domains: ['*'], routes: [{ match, ...action }] }] };
    const result = table(config).match(request(over));
    return result.kind === 'route' ? result.outcome : result;
  };
  it.each(REWRITES)('rewrites: %s', (_, match, action, path, expected) => {
    expect(outcome(match, { route: { cluster: 'c', ...action } }, { path })).toMatchObject({
      path: expected,
    });
  });

  it.each(REDIRECTS)('redirects: %s', (_, redirect, over, location) => {
    const found = outcome({ prefix: '/p' }, { redirect }, { path: '/p?q', ...over });
    expect(found).toMatchObject({ kind: 'redirect', status: 301, location });
  });

  it('spreads requests by weight, as the random number says', () => {
    const clusters = [
      { name: 'one', weight: 10 },
      { name: 'two', weight: 90 },
    ];
    const at = (random: number) =>
      outcome({ prefix: '/' }, { route: { weighted_clusters: { clusters } } }, { random });
    expect([0, 9, 10, 99, 100].map((random) => at(random))).toMatchObject(
      ['one', 'one', 'two', 'two', 'one'].map((cluster) => ({ cluster })),
    );
  });

  it('waits 15 seconds unless it says otherwise', () => {
    expect(outcome({ prefix: '/' }, { route: { cluster: 'c' } })).toMatchObject({ timeout: 15_000 });
    expect(outcome({ prefix: '/' }, { route: { cluster: 'c', timeout: '0s' } })).toMatchObject({
      timeout: 0,
    });
  });

  it('that is not understood is refused by name', () => {
    expect(() => outcome({ prefix: '/' }, { route: { cluster_specifier_plugin: 'p' } })).toThrow(
      'cluster_specifier_plugin',
    );
    const upgrade = (config: Json) => () =>
      outcome({ connect_matcher: {} }, { route: { cluster: 'c', upgrade_configs: [config] } });
    expect(upgrade({ upgrade_type: 'websocket', connect_config: {} })).toThrow('only CONNECT may have one');
    expect(upgrade({ upgrade_type: 'CONNECT-UDP' })).toThrow('CONNECT-UDP');
    expect(
      upgrade({
        upgrade_type: 'CONNECT',
        connect_config: { proxy_protocol_config: { pass_through_tlvs: { match_type: 'INCLUDE_ALL' } } },
      }),
    ).toThrow('pass_through_tlvs');
    expect(() => outcome({ safe_regex: { regex: '(' } }, { route: { cluster: 'c' } })).toThrow(SyntaxError);
  });

  it('takes time linear in the path', () => {
    expect(winner([{ safe_regex: { regex: '(a+)+b' } }], { path: 'a'.repeat(20_000) })).toBe('no-route');
  });
});

it('says which condition kept each earlier route from a request', () => {
  const routes: Json[] = [
    { match: { prefix: '/api' }, route: { cluster: 'c' } },
    {
      match: { prefix: '/', headers: [{ name: 'v', string_match: { exact: '2' } }] },
      route: { cluster: 'c' },
    },
    { match: { prefix: '/' }, route: { cluster: 'c' } },
  ];
  const found = table({ virtual_hosts: [{ name: 'v', domains: ['*'], routes }] }).refusals(request());
  expect(found.map(({ condition }) => condition)).toEqual(['path prefix "/api"', 'header v exact "2"']);
});

it('an empty configuration knows no host', () => {
  expect(new RouteTable(create(RouteConfigurationSchema)).match(request()).kind).toBe('no-host');
});

it.each([
  ['/a/../b', '/b'],
  ['/a/./b/', '/a/b/'],
  ['/../..', '/'],
  ['/%61%2e%2E/b', '/a../b'],
  ['/a/%2e%2e/b?x=/../y', '/b?x=/../y'],
  ['/a\\b', '/a/b'],
  ['/a//b', '/a/b'],
  ['/a%2Fb', '/a%2Fb'],
  ['/', '/'],
  ['//', '//'],
  ['///', '//'],
  ['///../', '//'],
  ['//?x=//', '//?x=//'],
])('the path %s is matched as %s', (path, expected) => {
  expect(normalizedPath(path, { normalizePath: true, mergeSlashes: true })).toBe(expected);
});
