/** Routes and requests with what Envoy's documentation says of them; a real Envoy is asked the same. */

import { HeaderList } from '../../../src/proxy/http/header-list.ts';
import type { RouteRequest } from '../../../src/proxy/route/request.ts';
import type { messageFromJson } from '../../../src/xds/proto/registry.ts';

export type Json = Parameters<typeof messageFromJson>[1];

/** Title, match, request, whether the match takes it. */
export type MatchCase = readonly [string, Json, Partial<RouteRequest>, boolean];
/** Title, match, fields of the route action, path of the request, path that the destination sees. */
export type RewriteCase = readonly [string, Json, Record<string, Json>, string, string];
/** Title, redirect, request, location. The match is the prefix /p, the path /p?q. */
export type RedirectCase = readonly [string, Record<string, Json>, Partial<RouteRequest>, string];

const header = (over: Record<string, Json>): Json => ({ prefix: '/', headers: [{ name: 'x', ...over }] });
const query = (over: Record<string, Json>): Json => ({
  prefix: '/',
  query_parameters: [{ name: 'q', ...over }],
});
const x = (...values: string[]) => ({
  headers: HeaderList.from(values.map((value) => ['X', value] as const)),
});

export const MATCHES: readonly MatchCase[] = [
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
  ['header several values, the first', header({ string_match: { exact: 'a' } }), x('a', 'b'), true],
  ['header several values, another', header({ string_match: { prefix: 'b' } }), x('a', 'b'), true],
  ['header several values, joined', header({ string_match: { exact: 'a,b' } }), x('a', 'b'), false],
  [
    'header inverted, one value fits',
    header({ string_match: { exact: 'a' }, invert_match: true }),
    x('a', 'b'),
    false,
  ],
  ['header suffix', header({ string_match: { suffix: 'c' } }), x('abc'), true],
  ['header contains', header({ string_match: { contains: 'b' } }), x('abc'), true],
  ['header regex is the whole', header({ string_match: { safe_regex: { regex: 'b' } } }), x('abc'), false],
  ['header missing', header({ string_match: { prefix: 'a' } }), {}, false],
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
  [
    'gRPC',
    { prefix: '/', grpc: {} },
    { headers: HeaderList.from([['content-type', 'application/grpc+proto']]) },
    true,
  ],
  [
    'gRPC-Web is none',
    { prefix: '/', grpc: {} },
    { headers: HeaderList.from([['content-type', 'application/grpc-web']]) },
    false,
  ],
  ['share', { prefix: '/', runtime_fraction: { default_value: { numerator: 30 } } }, { random: 129 }, true],
  [
    'beyond the share',
    { prefix: '/', runtime_fraction: { default_value: { numerator: 30 } } },
    { random: 130 },
    false,
  ],
];

export const REWRITES: readonly RewriteCase[] = [
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
];

export const REDIRECTS: readonly RedirectCase[] = [
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
];
