/** Redirects of endpoints that the proxy follows itself, and tries beside each other. */

import type { JsonMap } from '../json.ts';
import { typed } from '../json.ts';
import type { Question, Scenario } from '../scenario.ts';
import { cluster } from '../setup.ts';

const HOST = 'redirects.example';
const REDIRECT = 'envoy.extensions.internal_redirect';

const predicate = (name: string, type: string, settings: JsonMap = {}): JsonMap => ({
  name,
  typed_config: typed(`${REDIRECT}.${type}`, settings),
});
const PREVIOUS = predicate('previous', 'previous_routes.v3.PreviousRoutesConfig');
const SAFE = predicate('safe', 'safe_cross_scheme.v3.SafeCrossSchemeConfig');
const LISTED = predicate('listed', 'allow_listed_routes.v3.AllowListedRoutesConfig', { allowed_route_names: ['target'] });

const follows = (name: string, policy: JsonMap, over: JsonMap = {}): JsonMap => ({
  name,
  match: { prefix: `/${name}` },
  route: { cluster: 'redirecting', internal_redirect_policy: policy, ...over },
});

const ROUTES: readonly JsonMap[] = [
  { name: 'target', match: { path: '/target' }, route: { cluster: 'b2' } },
  { name: 'own', match: { path: '/own' }, direct_response: { status: 418, body: { inline_string: 'tea' } } },
  { name: 'moved', match: { path: '/moved' }, redirect: { path_redirect: '/target' } },
  { name: 'none', match: { path: '/none' }, route: { cluster: 'redirecting' } },
  follows('once', {}),
  follows('never', { max_internal_redirects: 0 }),
  follows('often', { max_internal_redirects: 3 }),
  follows('codes', { redirect_response_codes: [301, 303, 307, 308, 200] }),
  follows('any-scheme', { allow_cross_scheme_redirect: true }),
  follows('safe', { allow_cross_scheme_redirect: true, predicates: [SAFE] }),
  follows('previous', { max_internal_redirects: 5, predicates: [PREVIOUS] }),
  follows('listed', { predicates: [LISTED] }),
  follows('copies', { response_headers_to_copy: ['x-copied', 'x-asked'] }),
  follows('rewritten', {}, { prefix_rewrite: '/before', host_rewrite_literal: 'rewritten.example' }),
  follows('retried', {}, { retry_policy: { retry_on: 'retriable-status-codes', retriable_status_codes: [302], num_retries: 1 } }),
];

const order = (location: string, status = 302, over = 'times=1'): string =>
  `status=${status};header=location:${location};${over}`;
const TARGET = `http://${HOST}/target`;

const FOLLOWED: readonly Question[] = [
  { path: '/once', do: order(TARGET) },
  { path: '/once', do: order(TARGET), protocol: 'http2' },
  { path: '/once', do: order(`${TARGET}?a=b`) },
  { path: '/once', do: order(`${TARGET}#part`) },
  { path: '/once', do: order(`HTTP://${HOST}:80/target`) },
  { path: '/once', do: order(`http://${HOST}`) },
  { path: '/once', do: order(`http://user@${HOST}/target`) },
  { path: '/once', do: order(`http://${HOST}/own`) },
  { path: '/once', do: order(`http://${HOST}/moved`) },
  { path: '/once', do: order(TARGET, 302, 'body=;times=1') },
  { path: '/once', do: order(TARGET, 302, 'chunked;times=1') },
  { path: '/once', method: 'HEAD', do: order(TARGET) },
  { path: '/once', method: 'POST', body: 'hello', do: order(TARGET) },
  { path: '/once', method: 'POST', body: 'in two pieces', chunked: true, do: order(TARGET) },
  { path: '/once', method: 'POST', body: 'hello', do: order(TARGET), protocol: 'http2' },
  { path: '/once', method: 'POST', body: '', do: order(TARGET) },
  { path: '/once', method: 'POST', body: 'x'.repeat(60_000), do: order(TARGET) },
  { path: '/once', method: 'POST', body: 'x'.repeat(1_200_000), do: order(TARGET) },
  ...[301, 303, 307, 308].map((status): Question => ({ path: '/codes', method: 'POST', body: 'hello', do: order(TARGET, status) })),
  { path: '/codes', method: 'HEAD', do: order(TARGET, 303) },
  { path: '/codes', do: order(TARGET, 302) },
  { path: '/codes', do: 'header=location:/x' },
  { path: '/often', do: order(`http://${HOST}/often`, 302, 'times=2') },
  { path: '/often', do: order(`http://${HOST}/often`, 302, 'times=3') },
  { path: '/rewritten', do: order(TARGET) },
  { path: '/retried', do: order(TARGET, 302, 'times=2') },
  { path: '/retried', do: order(TARGET) },
  { path: '/copies', headers: [['x-asked', '1'], ['x-copied', 'old']], do: order(TARGET, 302, 'header=x-copied:new;header=x-copied:newer;times=1') },
];

const PASSED: readonly Question[] = [
  { path: '/none', do: order(TARGET) },
  { path: '/never', do: order(TARGET) },
  { path: '/once', do: order(`http://${HOST}/once`, 302, 'times=2') },
  { path: '/often', do: order(`http://${HOST}/often`) .replace('times=1', 'times=9') },
  { path: '/once', do: 'status=302' },
  { path: '/once', do: order('/target') },
  { path: '/once', do: order('//redirects.example/target') },
  { path: '/once', do: order('http:///target') },
  { path: '/once', do: order('no url') },
  { path: '/once', do: order('http://unknown.example/target') },
  { path: '/once', do: order(`http://${HOST}/no-such-route`) },
  { path: '/once', do: order(`https://${HOST}/target`) },
  { path: '/any-scheme', do: order(`https://${HOST}/target`) },
  { path: '/safe', do: order(`https://${HOST}/target`) },
  { path: '/safe', do: order(TARGET) },
  { path: '/previous', do: order(TARGET) },
  { path: '/previous', do: order(`http://${HOST}/previous`, 302, 'times=2') },
  { path: '/listed', do: order(TARGET) },
  { path: '/listed', do: order(`http://${HOST}/once`) },
];

const hedged = (name: string, over: JsonMap, policy: JsonMap | undefined = { retry_on: '5xx', num_retries: 1, per_try_timeout: '0.2s' }): JsonMap => ({
  match: { path: `/${name}` },
  route: { cluster: 'hedged', timeout: '5s', ...(policy === undefined ? {} : { retry_policy: policy }), ...over },
});
const HEDGE: JsonMap = { hedge_policy: { hedge_on_per_try_timeout: true } };

export const REDIRECTS: readonly Scenario[] = [
  {
    title: 'internal redirects',
    host: { domains: [HOST] },
    manager: {},
    routes: ROUTES,
    clusters: (ports) => [cluster('redirecting', [ports.b1])],
    questions: [...FOLLOWED, ...PASSED].map((question) => ({ ...question, host: HOST })),
  },
  {
    title: 'hedged tries',
    manager: {},
    routes: [
      hedged('two', HEDGE),
      hedged('short', { ...HEDGE, timeout: '1s' }),
      hedged('once', HEDGE, undefined),
      hedged('asked', {}),
      hedged('more', { hedge_policy: { initial_requests: 3, additional_request_chance: { numerator: 100 } } }),
    ],
    clusters: (ports) => [cluster('hedged', [ports.b1])],
    questions: [
      { path: '/two' },
      { path: '/two', do: 'delay=1500;times=1' },
      { path: '/two', method: 'POST', body: 'hello', do: 'delay=1500;times=1', seen: 2 },
      { path: '/two', do: 'delay=800', seen: 2 },
      { path: '/two', do: 'status=503;delay=600;times=1', seen: 2 },
      { path: '/two', do: 'status=503;delay=800', seen: 2 },
      { path: '/two', do: 'delay=800;reset', seen: 2 },
      { path: '/two', do: 'status=503', seen: 2 },
      { path: '/short', do: 'delay=3000', seen: 2 },
      { path: '/once', do: 'delay=500' },
      { path: '/asked', headers: [['x-envoy-hedge-on-per-try-timeout', 'true']], do: 'delay=1500;times=1', seen: 2 },
      { path: '/asked', headers: [['x-envoy-hedge-on-per-try-timeout', 'yes']], do: 'delay=1500;times=1', seen: 2 },
      { path: '/two', headers: [['x-envoy-hedge-on-per-try-timeout', 'false']], do: 'delay=1500;times=1', seen: 2 },
      { path: '/more', do: 'status=404' },
    ],
  },
];
