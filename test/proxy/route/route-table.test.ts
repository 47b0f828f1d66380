/** The matcher by Envoy's documentation of route matching. */

import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { normalizedPath } from '../../../src/proxy/route/normalize-path.ts';
import type { RouteRequest } from '../../../src/proxy/route/request.ts';
import { RouteTable } from '../../../src/proxy/route/route-table.ts';
import { messageFromJson } from '../../../src/xds/proto/registry.ts';
import { RouteConfigurationSchema } from '../../../src/xds/proto/generated/envoy/config/route/v3/route_pb.js';

type Json = Parameters<typeof messageFromJson>[1];

function table(config: Json): RouteTable {
  return new RouteTable(messageFromJson(RouteConfigurationSchema, config));
}

function request(over: Partial<RouteRequest> = {}): RouteRequest {
  return {
    method: 'GET',
    scheme: 'http',
    authority: 'a.example',
    path: '/',
    headers: [],
    random: 0,
    ...over,
  };
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
  const header = (over: Record<string, Json>): Json => ({ prefix: '/', headers: [{ name: 'x', ...over }] });
  const query = (over: Record<string, Json>): Json => ({
    prefix: '/',
    query_parameters: [{ name: 'q', ...over }],
  });
  const x = (...values: string[]) => ({ headers: values.map((value) => ['X', value] as const) });
  it.each<[string, Json, Partial<RouteRequest>, boolean]>([
    ['prefix', { prefix: '/api' }, { path: '/apis' }, true],
    ['prefix with case', { prefix: '/api' }, { path: '/API' }, false],
    ['prefix without case', { prefix: '/api', case_sensitive: false }, { path: '/API' }, true],
    ['path', { path: '/api' }, { path: '/api' }, true],
    ['path leaves out the query', { path: '/api' }, { path: '/api?x' }, true],
    ['path leaves out the fragment', { path: '/api' }, { path: '/api#x' }, true],
    ['path is the whole', { path: '/api' }, { path: '/api/' }, false],
    ['regex is the whole', { safe_regex: { regex: '/a.' } }, { path: '/abc' }, false],
    ['regex leaves out the query', { safe_regex: { regex: '/a.' } }, { path: '/ab?c' }, true],
    ['regex keeps its case', { safe_regex: { regex: '/ab' }, case_sensitive: false }, { path: '/AB' }, false],
    ['separated prefix, itself', { path_separated_prefix: '/api' }, { path: '/api' }, true],
    ['separated prefix, below', { path_separated_prefix: '/api' }, { path: '/api/x' }, true],
    ['separated prefix, beside', { path_separated_prefix: '/api' }, { path: '/apis' }, false],
    ['separated prefix, query', { path_separated_prefix: '/api' }, { path: '/api?x' }, true],
    ['connect', { connect_matcher: {} }, { method: 'CONNECT', path: '' }, true],
    ['connect, GET', { connect_matcher: {} }, {}, false],
    ['prefix, CONNECT', { prefix: '/' }, { method: 'CONNECT', path: '' }, false],
    ['header exact', header({ string_match: { exact: 'a' } }), x('a'), true],
    ['header exact, case', header({ string_match: { exact: 'a' } }), x('A'), false],
    ['header exact, no case', header({ string_match: { exact: 'a', ignore_case: true } }), x('A'), true],
    ['header several values', header({ string_match: { exact: 'a,b' } }), x('a', 'b'), true],
    ['header suffix', header({ string_match: { suffix: 'c' } }), x('abc'), true],
    ['header contains', header({ string_match: { contains: 'b' } }), x('abc'), true],
    ['header regex is the whole', header({ string_match: { safe_regex: { regex: 'b' } } }), x('abc'), false],
    ['header missing', header({ string_match: { prefix: '' } }), {}, false],
    ['header missing, inverted', header({ string_match: { exact: 'a' }, invert_match: true }), {}, false],
    [
      'header missing as empty, inverted',
      header({ string_match: { exact: 'a' }, invert_match: true, treat_missing_header_as_empty: true }),
      {},
      true,
    ],
    ['header inverted', header({ string_match: { exact: 'a' }, invert_match: true }), x('b'), true],
    ['header present', header({ present_match: true }), x(''), true],
    ['header present, missing', header({ present_match: true }), {}, false],
    ['header absent', header({ present_match: false }), {}, true],
    ['header present, inverted', header({ present_match: true, invert_match: true }), x('a'), false],
    ['header without a condition', header({}), x('a'), true],
    ['header range', header({ range_match: { start: '-1', end: '10' } }), x('9'), true],
    ['header range, its end', header({ range_match: { start: '-1', end: '10' } }), x('10'), false],
    ['header range, no number', header({ range_match: { start: '-1', end: '10' } }), x('9a'), false],
    [
      'method',
      { prefix: '/', headers: [{ name: ':method', string_match: { exact: 'PUT' } }] },
      { method: 'PUT' },
      true,
    ],
    ['host', { prefix: '/', headers: [{ name: 'host', string_match: { exact: 'a.example' } }] }, {}, true],
    ['query exact', query({ string_match: { exact: 'a' } }), { path: '/?q=a' }, true],
    ['query, its first value', query({ string_match: { exact: 'a' } }), { path: '/?q=b&q=a' }, false],
    ['query as written', query({ string_match: { exact: 'a b' } }), { path: '/?q=a%20b' }, false],
    ['query present', query({ present_match: true }), { path: '/?p&q' }, true],
    ['query missing', query({ present_match: true }), { path: '/?p' }, false],
    ['gRPC', { prefix: '/', grpc: {} }, { headers: [['content-type', 'application/grpc+proto']] }, true],
    [
      'gRPC-Web is none',
      { prefix: '/', grpc: {} },
      { headers: [['content-type', 'application/grpc-web']] },
      false,
    ],
    ['share', { prefix: '/', runtime_fraction: { default_value: { numerator: 30 } } }, { random: 129 }, true],
    [
      'beyond the share',
      { prefix: '/', runtime_fraction: { default_value: { numerator: 30 } } },
      { random: 130 },
      false,
    ],
  ])('%s', (_, match, over, taken) => {
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
  it.each<[string, Json, Record<string, Json>, string, string]>([
    ['prefix', { prefix: '/a/' }, { prefix_rewrite: '/' }, '/a/b?c', '/b?c'],
    ['whole path', { path: '/a' }, { prefix_rewrite: '/b' }, '/a?c', '/b?c'],
    ['prefix without case', { prefix: '/a', case_sensitive: false }, { prefix_rewrite: '/b' }, '/Ax', '/bx'],
    [
      'regex with groups',
      { prefix: '/' },
      { regex_rewrite: { pattern: { regex: '^/service/([^/]+)(/.*)$' }, substitution: '\\2/instance/\\1' } },
      '/service/foo/v1/api?x=/service/a/b',
      '/v1/api/instance/foo?x=/service/a/b',
    ],
    [
      'every match of a regex',
      { prefix: '/' },
      { regex_rewrite: { pattern: { regex: 'one' }, substitution: 'two' } },
      '/xxx/one/yyy/one/zzz',
      '/xxx/two/yyy/two/zzz',
    ],
  ])('rewrites: %s', (_, match, action, path, expected) => {
    expect(outcome(match, { route: { cluster: 'c', ...action } }, { path })).toMatchObject({
      path: expected,
    });
  });

  it.each<[string, Record<string, Json>, Partial<RouteRequest>, string]>([
    ['https', { https_redirect: true }, { authority: 'a.example:80' }, 'https://a.example/p?q'],
    [
      'https, other port',
      { https_redirect: true },
      { authority: 'a.example:8080' },
      'https://a.example:8080/p?q',
    ],
    ['host', { host_redirect: 'b' }, {}, 'http://b/p?q'],
    ['port', { port_redirect: 8443 }, { authority: 'a.example:80' }, 'http://a.example:8443/p?q'],
    ['path', { path_redirect: '/n' }, {}, 'http://a.example/n?q'],
    ['path with a query', { path_redirect: '/n?m' }, {}, 'http://a.example/n?m'],
    ['prefix', { prefix_rewrite: '/n' }, {}, 'http://a.example/n?q'],
    ['no query', { path_redirect: '/n', strip_query: true }, {}, 'http://a.example/n'],
  ])('redirects: %s', (_, redirect, over, location) => {
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
])('the path %s is matched as %s', (path, expected) => {
  expect(normalizedPath(path, { normalizePath: true, mergeSlashes: true })).toBe(expected);
});
