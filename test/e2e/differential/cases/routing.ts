/** Domains, order, matches, rewrites, redirects, answers of routes themselves. */

import { MATCHES, REDIRECTS, REWRITES } from '../../../proxy/route/cases.ts';
import type { JsonMap } from '../json.ts';
import type { Question, Scenario } from '../scenario.ts';

const to = (cluster: string, over: JsonMap = {}): JsonMap => ({ route: { cluster, ...over } });
const say = (status: number, body: string): JsonMap => ({ direct_response: { status, body: { inline_string: body } } });

/** The cases of the route matcher that can be sent over HTTP/1.1 as they are. */
const tables: Scenario[] = [
  ...MATCHES.filter(([title, , { method, random, path }]) => method !== 'CONNECT' && random === undefined && path?.includes('#') !== true && title !== 'host').map(
    ([title, match, { path = '/', method = 'GET', headers }]): Scenario => ({
      title: `match: ${title}`,
      routes: [{ match: match as JsonMap, ...say(200, 'taken') }],
      questions: [{ path, method, headers: headers === undefined ? [] : [...headers.entries()] }],
    }),
  ),
  ...REWRITES.map(([title, match, action, path]): Scenario => ({
    title: `rewrite: ${title}`,
    routes: [{ match: match as JsonMap, ...to('b1', action as JsonMap) }],
    questions: [{ path }],
  })),
  ...REDIRECTS.map(([title, redirect, { authority = 'a.example' }]): Scenario => ({
    title: `redirect: ${title}`,
    host: { domains: [authority, `redirect-${title.replaceAll(/\W+/g, '-')}.example`] },
    routes: [{ match: { prefix: '/p' }, redirect: redirect as JsonMap }],
    questions: [{ path: '/p?q', host: `redirect-${title.replaceAll(/\W+/g, '-')}.example` }],
  })).map((scenario) => ({ ...scenario, host: { domains: [String(scenario.questions[0]?.host)] } })),
];

const paths = (...all: string[]): Question[] => all.map((path) => ({ path, title: path }));

export const ROUTING: readonly Scenario[] = [
  ...tables,
  {
    title: 'the first route that fits is taken',
    routes: [
      { match: { prefix: '/a' }, ...say(200, 'prefix') },
      { match: { path: '/a/b' }, ...say(200, 'path') },
      { match: { safe_regex: { regex: '/r.*' } }, ...say(200, 'regex') },
      { match: { prefix: '/' }, ...say(200, 'rest') },
    ],
    questions: paths('/a', '/a/b', '/ab', '/r', '/rx?y', '/x', '/A', '/', '/a?q=/r', '//a', '/a//b', '/%61', '/a%2Fb'),
  },
  {
    title: 'nothing fits',
    routes: [{ match: { path: '/only' }, ...to('b1') }],
    questions: [...paths('/', '/only/', '/only?x', '/only'), { path: '/none', method: 'POST', body: 'x' }, { path: '/none', method: 'HEAD' }],
  },
  {
    title: 'methods',
    routes: [
      { match: { prefix: '/', headers: [{ name: ':method', string_match: { exact: 'POST' } }] }, ...to('b2') },
      { match: { prefix: '/' }, ...to('b1') },
    ],
    questions: ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'].map((method) => ({ method, title: method })),
  },
  {
    title: 'query parameters',
    routes: [
      { match: { prefix: '/', query_parameters: [{ name: 'a', string_match: { exact: '1' } }, { name: 'b', present_match: true }] }, ...say(200, 'both') },
      { match: { prefix: '/', query_parameters: [{ name: 'a', string_match: { safe_regex: { regex: '[0-9]+' } } }] }, ...say(200, 'number') },
      { match: { prefix: '/' }, ...say(200, 'rest') },
    ],
    questions: paths('/?a=1&b', '/?b&a=1', '/?a=1', '/?a=12', '/?a=x', '/?a', '/?a=', '/?A=1', '/?x=a=1', '/?a=1&a=2', '/?a=2&a=1', '/?a=%31&b', '/?&&a=1&b=', '/??a=1'),
  },
  {
    title: 'headers of a request',
    routes: [
      { match: { prefix: '/', headers: [{ name: 'x-a', string_match: { exact: 'one' } }, { name: 'x-b', present_match: true }] }, ...say(200, 'both') },
      { match: { prefix: '/', headers: [{ name: 'x-a', range_match: { start: '10', end: '20' } }] }, ...say(200, 'range') },
      { match: { prefix: '/', headers: [{ name: 'x-a', present_match: false }] }, ...say(200, 'absent') },
      { match: { prefix: '/', headers: [{ name: 'host', string_match: { prefix: 'nobody' } }] }, ...say(200, 'host') },
      { match: { prefix: '/' }, ...say(200, 'rest') },
    ],
    questions: [
      { headers: [['x-a', 'one'], ['x-b', '']] },
      { headers: [['X-A', 'one'], ['X-B', 'z']] },
      { headers: [['x-a', 'one']] },
      { headers: [['x-a', '10']] },
      { headers: [['x-a', '20']] },
      { headers: [['x-a', '-1']] },
      { headers: [['x-a', '15.5']] },
      { headers: [['x-a', ' 12 ']] },
      {},
    ],
  },
  {
    title: 'answers of a route itself',
    routes: [
      { match: { path: '/empty' }, direct_response: { status: 204 } },
      { match: { path: '/text' }, ...say(418, 'short and stout') },
      { match: { path: '/head' }, ...say(200, 'hello'), response_headers_to_add: [{ header: { key: 'x-r', value: '%RESPONSE_CODE%' } }, { header: { key: 'content-type', value: 'text/html' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }] },
      { match: { path: '/503' }, direct_response: { status: 503 } },
      { match: { path: '/304' }, direct_response: { status: 304 } },
    ],
    questions: [
      ...paths('/empty', '/text', '/head', '/503', '/304'),
      { path: '/text', method: 'HEAD' },
      { path: '/text', method: 'POST', body: 'a body nobody reads' },
      { path: '/text', method: 'POST', body: 'in chunks', chunked: true },
      { path: '/text', protocol: 'http2' },
      { path: '/text', protocol: 'http2', method: 'HEAD' },
    ],
  },
  {
    title: 'redirects',
    routes: [
      { match: { path: '/h' }, redirect: { host_redirect: 'other.example' } },
      { match: { path: '/p' }, redirect: { path_redirect: '/new' } },
      { match: { path: '/q' }, redirect: { path_redirect: '/new', strip_query: true } },
      { match: { path: '/s' }, redirect: { https_redirect: true } },
      { match: { path: '/port' }, redirect: { port_redirect: 8443, scheme_redirect: 'https' } },
      { match: { path: '/code' }, redirect: { path_redirect: '/n', response_code: 'PERMANENT_REDIRECT' } },
      { match: { path: '/302' }, redirect: { path_redirect: '/n?own', response_code: 'FOUND' } },
      { match: { path: '/303' }, redirect: { path_redirect: '/n', response_code: 'SEE_OTHER' } },
      { match: { path: '/307' }, redirect: { path_redirect: '/n', response_code: 'TEMPORARY_REDIRECT' } },
      { match: { prefix: '/pre' }, redirect: { prefix_rewrite: '/post' } },
      { match: { path: '/bare' }, redirect: { path_redirect: 'new' } },
      { match: { prefix: '/less' }, redirect: { prefix_rewrite: 'post' } },
      { match: { prefix: '/rx' }, redirect: { regex_rewrite: { pattern: { regex: '^/rx/(.*)$' }, substitution: '\\1' } } },
      { match: { safe_regex: { regex: '/re/.*' } }, redirect: { regex_rewrite: { pattern: { regex: '^/re/(.*)$' }, substitution: '/er/\\1' } } },
      { match: { prefix: '/' }, redirect: {}, response_headers_to_add: [{ header: { key: 'x-redirected', value: 'yes' } }] },
    ],
    questions: [...paths('/h?x=1', '/p?x=1', '/q?x=1', '/s?x', '/port', '/code?a', '/302?a', '/303', '/307', '/pre', '/prefix/x?y', '/bare?a', '/less/x?y', '/rx/x?y', '/re/x/y?z', '/same'), { path: '/h', method: 'POST', body: 'x' }, { path: '/h', protocol: 'http2' }],
  },
  {
    title: 'rewrites',
    routes: [
      { match: { prefix: '/a/' }, ...to('b1', { prefix_rewrite: '/' }) },
      { match: { prefix: '/b' }, ...to('b1', { prefix_rewrite: '/x' }) },
      { match: { path: '/c' }, ...to('b1', { prefix_rewrite: '/whole' }) },
      { match: { prefix: '/d' }, ...to('b1', { regex_rewrite: { pattern: { regex: '/d/([^/?]+)' }, substitution: '/\\1/d' } }) },
      { match: { prefix: '/e' }, ...to('b1', { host_rewrite_literal: 'fixed.example' }) },
      { match: { prefix: '/f' }, ...to('b1', { host_rewrite_header: 'x-host' }) },
      { match: { prefix: '/g' }, ...to('b1', { host_rewrite_path_regex: { pattern: { regex: '^/g/([^/]+).*$' }, substitution: '\\1.example' } }) },
      { match: { prefix: '/h' }, ...to('b1', { append_x_forwarded_host: true, host_rewrite_literal: 'fixed.example' }) },
    ],
    questions: [
      ...paths('/a/', '/a/b?c', '/b', '/bc/d?e', '/c?d', '/d/x/y?z', '/e', '/g/team/x', '/h'),
      { path: '/f', headers: [['x-host', 'named.example']] },
      { path: '/f' },
      { path: '/f', headers: [['x-host', '']] },
      { path: '/f', headers: [['x-host', 'one.example'], ['x-host', 'two.example']] },
    ],
  },
  {
    title: 'the cluster by a header',
    routes: [{ match: { prefix: '/' }, route: { cluster_header: 'x-cluster' } }],
    questions: [{ headers: [['x-cluster', 'b3'], ['x-cluster', 'b1']] }, { headers: [['x-cluster', 'b2']] }, { headers: [['x-cluster', 'none']] }, {}, { headers: [['x-cluster', '']] }],
  },
  {
    title: 'clusters that are not there',
    routes: [
      { match: { path: '/empty' }, ...to('empty') },
      { match: { path: '/dead' }, ...to('dead') },
    ],
    questions: [...paths('/empty', '/dead'), { path: '/empty', protocol: 'http2' }, { path: '/dead', method: 'POST', body: 'x' }, { path: '/dead', method: 'HEAD' }, { path: '/dead', protocol: 'http2' }],
  },
  ...['a.example', 'b.a.example', 'c.b.a.example', 'a.example.org', 'prefix.any', 'prefix.any.other', 'A.Example', 'a.example:80', 'unknown', 'a.example:', 'a.example:80:80', 'a.example:x'].map(
    (host, index): Scenario => ({
      title: `domains: ${host}`,
      manager: {
        route_config: {
          virtual_hosts: [
            { name: 'exact', domains: ['a.example'], routes: [{ match: { prefix: '/' }, ...say(200, 'exact') }] },
            { name: 'suffix', domains: ['*.a.example'], routes: [{ match: { prefix: '/' }, ...say(200, 'suffix') }] },
            { name: 'longer', domains: ['*.b.a.example'], routes: [{ match: { prefix: '/' }, ...say(200, 'longer suffix') }] },
            { name: 'prefix', domains: ['prefix.*'], routes: [{ match: { prefix: '/' }, ...say(200, 'prefix') }] },
            ...(index % 2 === 0 ? [{ name: 'rest', domains: ['*'], routes: [{ match: { prefix: '/' }, ...say(200, 'rest') }] }] : []),
          ],
          ignore_port_in_host_matching: host.includes(':'),
        },
      },
      questions: [{ host }, { host, protocol: 'http2' }],
    }),
  ),
];
