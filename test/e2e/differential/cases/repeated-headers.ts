/** Names that come twice: some a message has once, so that what comes further goes behind a comma, others stay as they are. */

import { httpFilter, typed } from '../json.ts';
import type { Question, Scenario } from '../scenario.ts';

const ANY = 'cache-control content-encoding content-type proxy-status via x-envoy-attempt-count x-envoy-decorator-operation x-request-id cookie set-cookie link x-plain x-envoy-peer-metadata traceparent te-other'.split(' ');

const REQUESTS = `accept accept-charset accept-encoding accept-language authorization cdn-loop forwarded from grpc-accept-encoding grpc-encoding
  grpc-timeout if-match if-modified-since if-none-match if-range if-unmodified-since max-forwards origin pragma proxy-authorization range referer
  user-agent access-control-request-headers access-control-request-method access-control-request-private-network x-client-trace-id
  x-envoy-downstream-service-cluster x-envoy-downstream-service-node x-envoy-external-address x-envoy-force-trace x-envoy-internal x-envoy-ip-tags
  x-envoy-is-timeout-retry x-envoy-max-retries x-envoy-original-host x-envoy-original-path x-envoy-original-url x-envoy-retriable-header-names
  x-envoy-retriable-status-codes x-envoy-retry-grpc-on x-envoy-retry-on x-envoy-upstream-alt-stat-name x-envoy-upstream-rq-timeout-alt-response
  x-envoy-upstream-stream-duration-ms x-forwarded-client-cert x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto date vary age
  location etag`.split(/\s+/);

const ANSWERS = `access-control-allow-credentials access-control-allow-headers access-control-allow-methods access-control-allow-origin
  access-control-allow-private-network access-control-expose-headers access-control-max-age age allow alt-svc content-disposition content-language
  date etag expires grpc-message grpc-status last-modified location proxy-authenticate retry-after server vary warning www-authenticate
  x-envoy-degraded x-envoy-immediate-health-check-fail x-envoy-ratelimited x-envoy-upstream-canary x-envoy-upstream-healthchecked-cluster
  accept origin user-agent authorization pragma`.split(/\s+/);

/** What Node's client takes as a list over HTTP/2. */
const HTTP2 = 'accept accept-encoding cache-control origin pragma via x-forwarded-for x-forwarded-host x-request-id grpc-timeout x-plain link'.split(' ');

const twice = (names: readonly string[]): [string, string][] => names.flatMap((name): [string, string][] => [[name, 'one'], [name, 'two']]);

/** Few enough in a message for all limits. */
const SOME = 20;

function inParts(names: readonly string[], question: (names: readonly string[]) => Question): readonly Question[] {
  return Array.from({ length: Math.ceil(names.length / SOME) }, (_, part) => question(names.slice(part * SOME, (part + 1) * SOME)));
}

const orders = (names: readonly string[]): string => twice(names).map(([name, value]) => `header=${name}:${value}`).join(';');

const append = (key: string) => ({ header: { key, value: 'more' }, append_action: 'APPEND_IF_EXISTS_OR_ADD' });

export const REPEATED_HEADERS: readonly Scenario[] = [
  {
    title: 'headers that come twice',
    routes: [
      { match: { prefix: '/h2' }, route: { cluster: 'h2' } },
      { match: { prefix: '/' }, route: { cluster: 'b1' } },
    ],
    questions: [
      ...inParts([...ANY, ...REQUESTS], (names) => ({ title: names.join(' '), headers: twice(names) })),
      ...inParts([...ANY, ...ANSWERS], (names) => ({ title: `answered: ${names.join(' ')}`, do: orders(names) })),
      { headers: twice(HTTP2), protocol: 'http2' },
      { headers: twice(HTTP2), protocol: 'http2', path: '/h2' },
      { protocol: 'http2', path: '/h2', do: orders(['vary', 'access-control-allow-headers', 'cache-control', 'server', 'via', 'x-plain', 'link', 'set-cookie']) },
      { title: 'empty values', headers: [['accept', ''], ['accept', 'a'], ['accept', ''], ['x-plain', ''], ['x-plain', 'a'], ['user-agent', 'b'], ['user-agent', '']], do: 'header=vary:;header=vary:a;header=vary:' },
      { title: 'others between', headers: [['accept', 'a'], ['x-one', '1'], ['accept', 'b'], ['x-two', '2'], ['accept', 'c']] },
    ],
  },
  {
    title: 'headers that are added to such as there are',
    routes: [
      {
        match: { prefix: '/' },
        route: { cluster: 'b1' },
        request_headers_to_add: ['accept', 'cache-control', 'vary', 'x-plain', 'x-forwarded-host'].map(append),
        response_headers_to_add: ['vary', 'cache-control', 'accept', 'x-plain', 'content-type', 'location'].map(append),
      },
    ],
    questions: [{}, { headers: [['accept', 'a'], ['vary', 'a'], ['x-plain', 'a'], ['x-forwarded-host', 'a']], do: 'header=vary:a;header=cache-control:a;header=accept:a;header=x-plain:a;header=content-type:a' }],
  },
  {
    title: 'a route by a header that came twice',
    routes: [
      { match: { prefix: '/', headers: [{ name: 'accept', string_match: { exact: 'one,two' } }] }, route: { cluster: 'b2' } },
      { match: { prefix: '/' }, route: { cluster: 'b1' } },
    ],
    questions: [{ headers: twice(['accept']) }, { headers: [['accept', 'one']] }],
  },
  {
    title: 'what is made of a header that came twice',
    filters: [
      httpFilter('header_to_metadata.v3.Config', {
        request_rules: [
          { header: 'x-plain', on_header_present: { metadata_namespace: 'own', key: 'plain' } },
          { cookie: 'c', on_header_present: { metadata_namespace: 'own', key: 'cookie' } },
        ],
        response_rules: [{ header: 'x-told', on_header_present: { metadata_namespace: 'own', key: 'told' } }],
      }),
      httpFilter('fault.v3.HTTPFault', { abort: { header_abort: {}, percentage: { numerator: 100 } } }),
      httpFilter('local_ratelimit.v3.LocalRateLimit', { stat_prefix: 'twice', token_bucket: { max_tokens: 100, fill_interval: '3600s' } }),
    ],
    routes: [
      {
        match: { prefix: '/limited' },
        route: { cluster: 'b1', rate_limits: [{ actions: [{ request_headers: { header_name: 'x-user', descriptor_key: 'user' } }] }] },
        typed_per_filter_config: {
          'envoy.filters.http.local_ratelimit': typed('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
            stat_prefix: 'twice_user',
            token_bucket: { max_tokens: 100, fill_interval: '3600s' },
            filter_enabled: { default_value: { numerator: 100 } },
            filter_enforced: { default_value: { numerator: 100 } },
            descriptors: [{ entries: [{ key: 'user', value: 'one' }], token_bucket: { max_tokens: 1, fill_interval: '3600s' } }],
          }),
        },
      },
      { match: { prefix: '/host' }, route: { cluster: 'b1', host_rewrite_header: 'x-plain' } },
      { match: { prefix: '/query', query_parameters: [{ name: 'a', string_match: { exact: '2' } }] }, route: { cluster: 'b2' } },
      {
        match: { prefix: '/' },
        route: { cluster: 'b1' },
        request_headers_to_add: ['%REQ(x-plain)%', '%REQ(x-none?x-plain)%', '%REQ(cookie)%', '%DYNAMIC_METADATA(own:plain)%', '%DYNAMIC_METADATA(own:cookie)%'].map((value, index) => ({ header: { key: `x-made-${index}`, value } })),
        response_headers_to_add: ['%REQ(x-plain)%', '%RESP(x-told)%', '%RESP(vary)%', '%DYNAMIC_METADATA(own:told)%'].map((value, index) => ({ header: { key: `x-made-${index}`, value } })),
      },
    ],
    questions: [
      { headers: twice(['x-plain']), do: orders(['x-told', 'vary']) },
      { headers: [['cookie', 'c=1'], ['cookie', 'c=2; d=3']] },
      { headers: [['x-envoy-fault-abort-request', '417'], ['x-envoy-fault-abort-request', '418']] },
      { path: '/limited', headers: twice(['x-user']), repeat: 2 },
      { path: '/host', headers: twice(['x-plain']) },
      { path: '/query?a=1&a=2' },
      { path: '/query?a=2&a=1' },
    ],
  },
];
