/** Requests by chance, from a seed: over routes of every kind, with all that a request and an answer may have. */

import type { JsonMap } from './json.ts';
import type { Question, Scenario } from './scenario.ts';

/** Numbers from 0 to below 1, the same ones for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const to = (cluster: string, over: JsonMap = {}): JsonMap => ({ route: { cluster, ...over } });
const set = (key: string, value: string): JsonMap => ({
  header: { key, value },
  append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
});

/** Routes that requests by chance meet. */
const ROUTES: readonly JsonMap[] = [
  { match: { path: '/exact' }, ...to('b1') },
  {
    match: { prefix: '/api/v1/', headers: [{ name: 'x-user', string_match: { exact: 'ann' } }] },
    ...to('b2'),
  },
  { match: { prefix: '/api/v1/', query_parameters: [{ name: 'debug', present_match: true }] }, ...to('b3') },
  {
    match: { prefix: '/api/v1/' },
    ...to('b1', { prefix_rewrite: '/' }),
    request_headers_to_add: [set('x-from', '%REQ(:path)%')],
  },
  {
    match: { path_separated_prefix: '/api' },
    ...to('h2'),
    response_headers_to_add: [set('x-code', '%RESPONSE_CODE%')],
  },
  {
    match: { safe_regex: { regex: '/item/[0-9]+(/.*)?' } },
    ...to('b2', { regex_rewrite: { pattern: { regex: '^/item/([0-9]+)' }, substitution: '/i?\\1' } }),
  },
  { match: { prefix: '/old' }, redirect: { prefix_rewrite: '/new', response_code: 'FOUND' } },
  { match: { prefix: '/secure' }, redirect: { https_redirect: true, host_redirect: 'secure.example' } },
  {
    match: { prefix: '/say' },
    direct_response: { status: 203, body: { inline_string: 'said' } },
    response_headers_to_add: [set('x-said', '%REQ(x-user)%')],
  },
  { match: { prefix: '/retry' }, ...to('b1', { retry_policy: { retry_on: '5xx,reset', num_retries: 2 } }) },
  { match: { prefix: '/dead' }, ...to('dead') },
  { match: { prefix: '/empty' }, ...to('empty') },
  {
    match: { prefix: '/', headers: [{ name: ':method', string_match: { exact: 'DELETE' } }] },
    ...to('b3', { host_rewrite_literal: 'deleted.example' }),
  },
  { match: { prefix: '/a' }, ...to('b1') },
  { match: { prefix: '/A', case_sensitive: false }, ...to('b2') },
];

export const GENERATED: readonly Scenario[] = [
  { title: 'plain', routes: ROUTES, questions: [] },
  {
    title: 'edge',
    manager: { use_remote_address: true, normalize_path: true, merge_slashes: true, server_name: 'edge' },
    routes: ROUTES,
    questions: [],
  },
];

const PATHS = [
  '/',
  '/exact',
  '/exact/',
  '/api',
  '/api/',
  '/apis',
  '/api/v1/x',
  '/api/v1/',
  '/api/v2?z',
  '/item/12',
  '/item/12/y?z=1',
  '/item/x',
  '/old',
  '/older/x?y',
  '/secure/a',
  '/say',
  '/retry',
  '/retry/x',
  '/dead',
  '/empty',
  '/abc',
  '/ABC',
  '/other',
  '/a/../b',
  '//exact',
  '/a%20b',
  '/api/v1/%2e%2e/x',
  '/exact?x#y',
];
const QUERIES = ['', '', '', '?debug', '?debug=1', '?x=1&debug', '?', '?q=%20', '?a=b&a=c'];
const METHODS = ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'];
const ORDERS = [
  '',
  '',
  '',
  'status=404',
  'status=503;times=1',
  'status=500',
  'size=70000',
  'chunked',
  'body=',
  'status=204',
  'status=304',
  'trailer=x-t:1',
  'reset;times=1',
  'header=x-a:1;header=x-a:2',
  'close',
  'header=location:/there;status=302',
  'header=set-cookie:a=1;header=set-cookie:b=2',
  'header=content-type:text/plain',
];
const HEADERS: readonly (readonly [string, string])[] = [
  ['x-user', 'ann'],
  ['x-user', 'bob'],
  ['X-Mixed', 'Case'],
  ['accept', '*/*'],
  ['accept-encoding', 'gzip'],
  ['user-agent', 'generated'],
  ['cookie', 'a=b'],
  ['x-forwarded-for', '1.2.3.4'],
  ['x-forwarded-proto', 'https'],
  ['x-empty', ''],
  ['te', 'trailers'],
  ['content-type', 'text/plain'],
  ['content-type', 'application/grpc'],
  ['origin', 'https://a.example'],
  ['x-envoy-retry-on', '5xx'],
  ['x-request-id', '5d1c9b9e-1111-4222-8333-444444444444'],
  ['authorization', 'Bearer abc'],
  ['x-odd', 'a  b\tc'],
  ['range', 'bytes=0-1'],
];

/** The next question. */
export function generate(random: () => number): readonly [scenario: number, question: Question] {
  const one = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const method = one(METHODS);
  const headers = new Map<string, readonly [string, string]>();
  for (let count = Math.floor(random() * 5); count > 0; count--) {
    const header = one(HEADERS);
    headers.set(header[0], header);
  }
  const hasBody = ['POST', 'PUT', 'PATCH'].includes(method) || random() < 0.05;
  const protocol = random() < 0.3 ? 'http2' : 'http1';
  const body = hasBody ? 'b'.repeat(Math.floor(random() * one([10, 100, 20_000]))) : undefined;
  return [
    Math.floor(random() * GENERATED.length),
    {
      method,
      path: one(PATHS).replace(/#.*$/, random() < 0.1 ? '#y' : '') + one(QUERIES),
      headers: [...headers.values()],
      protocol,
      do: one(ORDERS),
      ...(body !== undefined &&
        method !== 'HEAD' && { body, chunked: protocol === 'http1' && random() < 0.3 }),
    },
  ];
}
