/** HTTP filters, with their settings on listeners and on routes. */

import { type JsonMap, HTTP_FILTER, httpFilter, typed } from '../json.ts';
import type { Question, Scenario } from '../scenario.ts';

const all = { default_value: { numerator: 100 } };
const never = { default_value: { numerator: 0 } };
const percentage = { numerator: 100 };
const echo: JsonMap = { match: { prefix: '/' }, route: { cluster: 'b1' } };

/** A route with settings of its own for a filter. */
const own = (path: string, filter: string, type: string, settings: JsonMap): JsonMap => ({
  match: { path },
  route: { cluster: 'b1' },
  typed_per_filter_config: { [`envoy.filters.http.${filter}`]: typed(`${HTTP_FILTER}.${type}`, settings) },
});

const PRICES = 'https://a.example';
const asks = (origin: string, over: readonly (readonly [string, string])[] = []): Question => ({
  title: `preflight of ${origin}`,
  method: 'OPTIONS',
  headers: [['origin', origin], ['access-control-request-method', 'GET'], ...over],
});
const CORS_QUESTIONS: readonly Question[] = [
  asks(PRICES),
  asks('https://b.example'),
  asks('null'),
  asks(PRICES, [['access-control-request-private-network', 'true']]),
  { headers: [['origin', PRICES]] },
  { headers: [['origin', 'https://b.example']] },
  { headers: [['origin', PRICES]], do: 'header=access-control-allow-origin:*;header=vary:Accept' },
  { headers: [['origin', PRICES]], do: 'status=503' },
  { method: 'OPTIONS', headers: [['origin', PRICES]] },
  { method: 'OPTIONS' },
  {},
  { headers: [['origin', '']] },
  { path: '/own', ...asks(PRICES), title: 'preflight of a route' },
  { path: '/off', ...asks(PRICES), title: 'preflight where it is off' },
  { path: '/strict', ...asks('https://b.example'), title: 'preflight that may not pass' },
  { path: '/strict', ...asks(PRICES), title: 'preflight of a strict route' },
];

const gzipLibrary = { name: 'l', typed_config: typed('envoy.extensions.compression.gzip.compressor.v3.Gzip') };

const ZIPPED = { 'content-length': 'compressors of two libraries make other bytes' };

export const FILTERS: readonly Scenario[] = [
  {
    title: 'cors',
    filters: [httpFilter('cors.v3.Cors')],
    host: {
      typed_per_filter_config: {
        'envoy.filters.http.cors': typed(`${HTTP_FILTER}.cors.v3.CorsPolicy`, {
          allow_origin_string_match: [{ exact: PRICES }],
          allow_methods: 'GET, POST',
          allow_headers: 'x-a, x-b',
          expose_headers: 'x-c',
          max_age: '600',
          allow_credentials: true,
          allow_private_network_access: true,
        }),
      },
    },
    routes: [
      own('/own', 'cors', 'cors.v3.CorsPolicy', { allow_methods: 'PUT', allow_credentials: false }),
      own('/off', 'cors', 'cors.v3.CorsPolicy', { filter_enabled: never }),
      own('/strict', 'cors', 'cors.v3.CorsPolicy', { forward_not_matching_preflights: false }),
      echo,
    ],
    questions: CORS_QUESTIONS,
  },
  {
    title: 'fault',
    filters: [httpFilter('fault.v3.HTTPFault', { abort: { header_abort: {}, percentage }, delay: { header_delay: {}, percentage } })],
    routes: [
      own('/abort', 'fault', 'fault.v3.HTTPFault', { abort: { http_status: 418, percentage } }),
      {
        ...own('/edited', 'fault', 'fault.v3.HTTPFault', { abort: { http_status: 418, percentage } }),
        response_headers_to_add: [{ header: { key: 'x-edited', value: '%RESPONSE_CODE%' } }],
      },
      own('/grpc', 'fault', 'fault.v3.HTTPFault', { abort: { grpc_status: 14, percentage } }),
      own('/delay', 'fault', 'fault.v3.HTTPFault', { delay: { fixed_delay: '0.1s', percentage } }),
      own('/both', 'fault', 'fault.v3.HTTPFault', { delay: { fixed_delay: '0.05s', percentage }, abort: { http_status: 503, percentage } }),
      own('/header', 'fault', 'fault.v3.HTTPFault', { abort: { http_status: 418, percentage }, headers: [{ name: 'x-fail', string_match: { exact: 'yes' } }] }),
      own('/cluster', 'fault', 'fault.v3.HTTPFault', { abort: { http_status: 418, percentage }, upstream_cluster: 'b1' }),
      own('/other', 'fault', 'fault.v3.HTTPFault', { abort: { http_status: 418, percentage }, upstream_cluster: 'b2' }),
      own('/nodes', 'fault', 'fault.v3.HTTPFault', { abort: { http_status: 418, percentage }, downstream_nodes: ['n1'] }),
      own('/none', 'fault', 'fault.v3.HTTPFault', { abort: { http_status: 418, percentage: { numerator: 0 } } }),
      echo,
    ],
    questions: [
      ...['/abort', '/grpc', '/delay', '/both', '/header', '/cluster', '/other', '/nodes', '/none', '/edited', '/'].map((path): Question => ({ path, title: path })),
      { path: '/abort', method: 'POST', body: 'x' },
      { path: '/abort', method: 'HEAD' },
      { path: '/grpc', protocol: 'http2', method: 'POST', body: '', headers: [['content-type', 'application/grpc']] },
      { path: '/abort', protocol: 'http2', method: 'POST', body: '', headers: [['content-type', 'application/grpc']] },
      { path: '/header', headers: [['x-fail', 'yes']] },
      { path: '/nodes', headers: [['x-envoy-downstream-service-node', 'n1']] },
      { headers: [['x-envoy-fault-abort-request', '417']] },
      { headers: [['x-envoy-fault-abort-request', '417'], ['x-envoy-fault-abort-request-percentage', '0']] },
      { headers: [['x-envoy-fault-abort-request', '99']] },
      { headers: [['x-envoy-fault-abort-request', 'abc']] },
      { headers: [['x-envoy-fault-abort-grpc-request', '5']] },
      { headers: [['x-envoy-fault-delay-request', '50']] },
      { headers: [['x-envoy-fault-delay-request', '50'], ['x-envoy-fault-abort-request', '500'], ['x-envoy-downstream-service-cluster', 'web']] },
    ],
  },
  {
    title: 'local rate limit',
    filters: [
      httpFilter('local_ratelimit.v3.LocalRateLimit', {
        stat_prefix: 'limit',
        token_bucket: { max_tokens: 2, tokens_per_fill: 1, fill_interval: '3600s' },
        filter_enabled: all,
        filter_enforced: all,
        response_headers_to_add: [{ header: { key: 'x-limited', value: 'yes' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
      }),
    ],
    routes: [
      own('/route', 'local_ratelimit', 'local_ratelimit.v3.LocalRateLimit', {
        stat_prefix: 'route_limit',
        status: { code: 'ServiceUnavailable' },
        token_bucket: { max_tokens: 1, tokens_per_fill: 1, fill_interval: '3600s' },
        filter_enabled: all,
        filter_enforced: all,
        enable_x_ratelimit_headers: 'DRAFT_VERSION_03',
      }),
      own('/shadow', 'local_ratelimit', 'local_ratelimit.v3.LocalRateLimit', {
        stat_prefix: 'shadow_limit',
        token_bucket: { max_tokens: 1, tokens_per_fill: 1, fill_interval: '3600s' },
        filter_enabled: all,
        filter_enforced: never,
        request_headers_to_add_when_not_enforced: [{ header: { key: 'x-over', value: 'yes' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
      }),
      own('/off', 'local_ratelimit', 'local_ratelimit.v3.LocalRateLimit', { stat_prefix: 'off_limit', token_bucket: { max_tokens: 1, fill_interval: '3600s' } }),
      {
        match: { path: '/descriptor' },
        route: { cluster: 'b1', rate_limits: [{ actions: [{ request_headers: { header_name: 'x-user', descriptor_key: 'user' } }] }, { actions: [{ generic_key: { descriptor_value: 'slow' } }] }] },
        typed_per_filter_config: {
          'envoy.filters.http.local_ratelimit': typed(`${HTTP_FILTER}.local_ratelimit.v3.LocalRateLimit`, {
            stat_prefix: 'descriptor_limit',
            token_bucket: { max_tokens: 100, fill_interval: '3600s' },
            filter_enabled: all,
            filter_enforced: all,
            descriptors: [{ entries: [{ key: 'user', value: 'ann' }], token_bucket: { max_tokens: 1, fill_interval: '3600s' } }],
          }),
        },
      },
      echo,
    ],
    questions: [
      { repeat: 4 },
      { path: '/route', repeat: 3, excused: { 'x-ratelimit-reset': 'seconds since the start' } },
      { path: '/shadow', repeat: 2 },
      { path: '/off', repeat: 3 },
      { path: '/descriptor', headers: [['x-user', 'bob']], repeat: 2 },
      { path: '/descriptor', headers: [['x-user', 'ann']], repeat: 2 },
      { path: '/descriptor' },
      { path: '/', protocol: 'http2', method: 'POST', body: '', headers: [['content-type', 'application/grpc']] },
    ],
  },
  {
    title: 'csrf',
    filters: [httpFilter('csrf.v3.CsrfPolicy', { filter_enabled: all, additional_origins: [{ suffix: '.friend.example' }] })],
    routes: [own('/off', 'csrf', 'csrf.v3.CsrfPolicy', { filter_enabled: never }), own('/shadow', 'csrf', 'csrf.v3.CsrfPolicy', { filter_enabled: never, shadow_enabled: all }), echo],
    questions: ['POST', 'GET'].flatMap((method): Question[] => [
      { method },
      { method, headers: [['origin', 'https://evil.example']] },
      { method, headers: [['origin', 'https://www.friend.example']] },
      { method, headers: [['referer', 'https://evil.example/x']] },
      { method, headers: [['origin', 'null']] },
      { method, host: 'csrf.example', headers: [['origin', 'http://csrf.example']] },
      { method, host: 'csrf.example:80', headers: [['origin', 'http://csrf.example']] },
      { method, host: 'csrf.example', headers: [['referer', 'http://csrf.example/page']] },
      { method, path: '/off' },
      { method, path: '/shadow' },
    ]),
    host: { domains: ['*'] },
  },
  {
    title: 'health check',
    filters: [httpFilter('health_check.v3.HealthCheck', { pass_through_mode: false, headers: [{ name: ':path', string_match: { exact: '/healthz' } }] })],
    questions: [{ path: '/healthz' }, { path: '/healthz', method: 'HEAD' }, { path: '/healthz?x' }, { path: '/' }, { path: '/healthz', method: 'POST', body: 'x' }, { path: '/healthz', protocol: 'http2' }],
  },
  {
    title: 'health check that passes',
    filters: [httpFilter('health_check.v3.HealthCheck', { pass_through_mode: true, cache_time: '60s', headers: [{ name: ':path', string_match: { exact: '/healthz' } }] })],
    questions: [{ path: '/healthz', do: 'status=503' }, { path: '/healthz' }, { path: '/' }],
  },
  {
    title: 'buffer',
    filters: [httpFilter('buffer.v3.Buffer', { max_request_bytes: 100 })],
    routes: [own('/off', 'buffer', 'buffer.v3.BufferPerRoute', { disabled: true }), own('/small', 'buffer', 'buffer.v3.BufferPerRoute', { buffer: { max_request_bytes: 5 } }), echo],
    questions: [
      {},
      { method: 'POST', body: 'x' },
      { method: 'POST', body: 'in chunks', chunked: true },
      { method: 'POST', body: 'y'.repeat(200) },
      { method: 'POST', body: 'y'.repeat(200), chunked: true },
      { path: '/off', method: 'POST', body: 'y'.repeat(200), chunked: true },
      { path: '/small', method: 'POST', body: 'y'.repeat(20) },
      { method: 'POST', body: 'x', protocol: 'http2' },
      { method: 'POST', body: 'y'.repeat(200), protocol: 'http2', differs: 'The buffer filter counts every byte' },
    ],
  },
  {
    title: 'header mutation',
    filters: [
      httpFilter('header_mutation.v3.HeaderMutation', {
        mutations: {
          request_mutations: [
            { append: { header: { key: 'x-level', value: 'filter' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' } },
            { append: { header: { key: 'x-path', value: '%REQ(:path)%' } } },
            { remove: 'x-gone' },
          ],
          response_mutations: [{ append: { header: { key: 'x-level', value: 'filter' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' } }, { remove: 'x-secret' }],
        },
      }),
    ],
    host: {
      typed_per_filter_config: {
        'envoy.filters.http.header_mutation': typed(`${HTTP_FILTER}.header_mutation.v3.HeaderMutationPerRoute`, {
          mutations: { request_mutations: [{ append: { header: { key: 'x-level', value: 'host' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' } }] },
        }),
      },
    },
    routes: [
      own('/route', 'header_mutation', 'header_mutation.v3.HeaderMutationPerRoute', {
        mutations: {
          request_mutations: [{ append: { header: { key: 'x-level', value: 'route' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' } }],
          response_mutations: [{ append: { header: { key: 'x-code', value: '%RESPONSE_CODE%' } } }],
        },
      }),
      { match: { path: '/direct' }, direct_response: { status: 200, body: { inline_string: 'direct' } } },
      echo,
    ],
    questions: [{}, { path: '/route' }, { headers: [['x-gone', '1'], ['x-level', 'client']], do: 'header=x-secret:1;header=x-level:endpoint' }, { path: '/direct' }],
  },
  {
    title: 'header to metadata',
    filters: [
      httpFilter('header_to_metadata.v3.Config', {
        request_rules: [
          { header: 'x-version', on_header_present: { metadata_namespace: 'own', key: 'version', type: 'STRING' }, on_header_missing: { metadata_namespace: 'own', key: 'version', value: 'none' }, remove: true },
          { cookie: 'c', on_header_present: { metadata_namespace: 'own', key: 'cookie' } },
          { header: ':path', on_header_present: { metadata_namespace: 'own', key: 'first', regex_value_rewrite: { pattern: { regex: '^/([^/]*).*$' }, substitution: '\\1' } } },
        ],
      }),
    ],
    routes: [{ match: { prefix: '/' }, route: { cluster: 'b1' }, request_headers_to_add: ['version', 'cookie', 'first'].map((key) => ({ header: { key: `x-made-${key}`, value: `%DYNAMIC_METADATA(own:${key})%` } })) }],
    questions: [{}, { path: '/one/two', headers: [['x-version', 'v2'], ['cookie', 'a=b; c=7']] }, { headers: [['cookie', 'c="quoted"']] }],
  },
  {
    title: 'compressor',
    filters: [httpFilter('compressor.v3.Compressor', { compressor_library: gzipLibrary })],
    routes: [own('/off', 'compressor', 'compressor.v3.CompressorPerRoute', { disabled: true }), echo],
    questions: [
      { do: 'header=content-type:text/plain;size=500' },
      ...['identity', 'deflate', 'br', 'gzip;q=0', 'gzip;q=bad'].map((value): Question => ({ headers: [['accept-encoding', value]], do: 'header=content-type:text/plain;size=500' })),
      { headers: [['accept-encoding', 'gzip']], do: 'header=content-type:image/png;size=500' },
      { headers: [['accept-encoding', 'gzip']], do: 'header=content-type:text/plain;size=10' },
      { headers: [['accept-encoding', 'gzip']], do: 'header=content-type:text/plain;header=content-encoding:br;size=500' },
      { headers: [['accept-encoding', 'gzip']], do: 'header=content-type:text/plain;header=cache-control:no-transform;size=500' },
      { headers: [['accept-encoding', 'gzip']], do: 'status=204' },
      { headers: [['accept-encoding', 'gzip']], method: 'HEAD', do: 'header=content-type:text/plain;size=500' },
      { path: '/off', headers: [['accept-encoding', 'gzip']], do: 'header=content-type:text/plain;size=500' },
    ],
  },
  {
    title: 'decompressor',
    filters: [
      httpFilter('decompressor.v3.Decompressor', { decompressor_library: { name: 'l', typed_config: typed('envoy.extensions.compression.gzip.decompressor.v3.Gzip') } }),
    ],
    questions: [
      { excused: ZIPPED },
      { headers: [['accept-encoding', 'br, gzip;q=0.5']] },
      { do: 'header=content-encoding:br' },
      { do: 'header=cache-control:no-transform;header=content-encoding:gzip' },
    ],
  },
  {
    title: 'gRPC-Web',
    filters: [httpFilter('grpc_web.v3.GrpcWeb')],
    routes: [{ match: { prefix: '/' }, route: { cluster: 'h2' } }],
    questions: [
      ...['application/grpc-web', 'application/grpc-web+proto', 'application/grpc-web-text', 'application/grpc-web-text+proto'].flatMap((type): Question[] => [
      { method: 'POST', headers: [['content-type', type], ['accept', type]], body: type.includes('text') ? 'AAAAAAFh' : '\0\0\0\0\u0001a', do: 'header=content-type:application/grpc;hex=000000000162;trailer=grpc-status:0;trailer=grpc-message:fine' },
      { method: 'POST', headers: [['content-type', type]], body: '', do: 'header=content-type:application/grpc;header=grpc-status:5;body=' },
      ]),
      // What is no gRPC becomes the message of a status.
      ...[
        'header=content-type:text/html;body=<b>100% ~</b>', 'header=content-type:text/html;hex=00c3a9ff0a7f7e', 'status=503;header=content-type:text/plain;body=no',
        'status=404;body=', 'status=404;body=nothing', 'status=302;header=location:/there;body=go', 'status=401;size=16400',
        'status=503;header=content-type:application/grpc;hex=0000000000', 'status=503;header=content-type:application/grpc-web+proto;hex=0000000000',
        'header=content-type:application/grpc-web+proto;hex=000000000162;trailer=grpc-status:0', 'header=content-type:application/grpc+json;hex=000000000162;trailer=grpc-status:0',
        'status=503;header=grpc-status:4;header=grpc-message:before;body=after', 'status=503;body=abc;trailer=x-last:yes', 'status=500;chunked;body=abc',
      ].flatMap((order): Question[] => [
        { method: 'POST', headers: [['content-type', 'application/grpc-web']], body: '\0\0\0\0\u0001a', do: order },
        { method: 'POST', headers: [['content-type', 'application/grpc-web-text'], ['accept', 'application/grpc-web-text']], body: 'AAAAAAFh', do: order },
      ]),
    ],
  },
  {
    title: 'gRPC for HTTP/1.1',
    filters: [httpFilter('grpc_http1_bridge.v3.Config')],
    routes: [{ match: { prefix: '/' }, route: { cluster: 'h2' } }],
    questions: [
      { method: 'POST', headers: [['content-type', 'application/grpc']], body: '\0\0\0\0\u0001a', do: 'header=content-type:application/grpc;body=xyz;trailer=grpc-status:0' },
      { method: 'POST', headers: [['content-type', 'application/grpc']], body: '\0\0\0\0\u0001a', do: 'header=content-type:application/grpc;body=xyz;trailer=grpc-status:5;trailer=grpc-message:none' },
      { method: 'POST', headers: [['content-type', 'application/grpc']], body: '', do: 'header=content-type:application/grpc;header=grpc-status:7;body=' },
      { method: 'POST', headers: [['content-type', 'application/json']], body: '{}', do: 'trailer=grpc-status:0' },
    ],
  },
  {
    title: 'gRPC statistics',
    filters: [httpFilter('grpc_stats.v3.FilterConfig', { stats_for_all_methods: true, emit_filter_state: true })],
    routes: [{ match: { prefix: '/' }, route: { cluster: 'h2' } }],
    questions: [
      { path: '/pkg.Service/Method', protocol: 'http2', method: 'POST', headers: [['content-type', 'application/grpc']], body: '\0\0\0\0\u0001a', do: 'header=content-type:application/grpc;hex=000000000162;trailer=grpc-status:0' },
      { path: '/pkg.Service/Method', protocol: 'http2', method: 'POST', headers: [['content-type', 'application/grpc']], body: '\0\0\0\0\u0001a', do: 'header=content-type:application/grpc;body=;trailer=grpc-status:5' },
      { path: '/plain' },
    ],
  },
];
