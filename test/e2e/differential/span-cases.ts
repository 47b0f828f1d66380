/** Connection managers that trace, and requests to each of them. */

import type { Sent } from './client.ts';
import { HTTP2, type JsonMap, httpFilter, typed } from './json.ts';
import type { Scenario } from './scenario.ts';
import { cluster } from './setup.ts';
import type { SpanCollector } from './span-collector.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const PARENT = '53995c3f42cd8ad8';
/** Beyond the share of all that a hundredth is. */
const REQUEST_ID = '0000ffff-1111-4222-8333-444444444444';

const ROUTES: readonly JsonMap[] = [
  { match: { prefix: '/own' }, direct_response: { status: 418 } },
  { match: { prefix: '/moved' }, redirect: { path_redirect: '/new' } },
  { match: { prefix: '/refused' }, route: { cluster: 'dead' } },
  { match: { prefix: '/empty' }, route: { cluster: 'empty' } },
  { match: { prefix: '/late' }, route: { cluster: 'b1', timeout: '0.2s' } },
  {
    match: { prefix: '/retried' },
    route: { cluster: 'b1', retry_policy: { retry_on: '5xx', num_retries: 2 } },
  },
  { match: { prefix: '/written' }, route: { cluster: 'b1', prefix_rewrite: '/other' } },
  { match: { prefix: '/grpc' }, route: { cluster: 'h2' } },
  { match: { prefix: '/called' }, route: { cluster: 'b1' }, decorator: { operation: 'checkout' } },
  {
    match: { prefix: '/quiet' },
    route: { cluster: 'b1' },
    decorator: { operation: 'inner', propagate: false },
  },
  {
    match: { prefix: '/tagged' },
    route: { cluster: 'described' },
    metadata: { filter_metadata: { shop: { kind: 'route' } } },
    tracing: {
      random_sampling: { numerator: 100 },
      custom_tags: [
        { tag: 'own', literal: { value: 'of the route' } },
        {
          tag: 'route',
          metadata: { kind: { route: {} }, metadata_key: { key: 'shop', path: [{ key: 'kind' }] } },
        },
      ],
    },
  },
  {
    match: { prefix: '/unsampled' },
    route: { cluster: 'b1' },
    tracing: { random_sampling: { numerator: 0 } },
  },
  { match: { prefix: '/b' }, route: { cluster: 'b1' } },
];

const TAGS: readonly JsonMap[] = [
  { tag: 'case', request_header: { name: 'x-case' } },
  { tag: 'own', literal: { value: 'of the manager' } },
  { tag: 'lang', environment: { name: 'NO_SUCH_VARIABLE', default_value: 'none' } },
  { tag: 'unset', environment: { name: 'NO_SUCH_VARIABLE' } },
  { tag: 'agent', request_header: { name: 'x-agent', default_value: 'nobody' } },
  { tag: 'absent', request_header: { name: 'x-absent' } },
  {
    tag: 'tier',
    metadata: {
      kind: { cluster: {} },
      metadata_key: { key: 'shop', path: [{ key: 'tier' }] },
      default_value: '?',
    },
  },
  { tag: 'zone', metadata: { kind: { host: {} }, metadata_key: { key: 'shop', path: [{ key: 'zone' }] } } },
  { tag: 'set', metadata: { kind: { request: {} }, metadata_key: { key: 'set', path: [{ key: 'agent' }] } } },
  {
    tag: 'whole',
    metadata: { kind: { cluster: {} }, metadata_key: { key: 'shop', path: [{ key: 'deep' }] } },
  },
];

/** Puts a header into the dynamic metadata. */
const SET = httpFilter('header_to_metadata.v3.Config', {
  request_rules: [{ header: 'x-agent', on_header_present: { metadata_namespace: 'set', key: 'agent' } }],
});

export type SpanCase = Omit<Sent, 'host'> & { readonly do?: string };

const GRPC = { method: 'POST', protocol: 'http2', body: '\0\0\0\0\0' } as const;
const grpc = [
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
] as const;

/** By what stands in the header `x-case`. */
export const SPAN_CASES: Readonly<Record<string, SpanCase>> = {
  'a request': { path: '/b?q=1' },
  'with a body': {
    path: '/b',
    method: 'POST',
    body: 'hello',
    headers: [
      ['x-agent', 'tests'],
      ['user-agent', 'me'],
    ],
  },
  'in a trace': {
    path: '/b',
    headers: [
      ['x-b3-traceid', TRACE],
      ['x-b3-spanid', SPAN],
      ['x-b3-parentspanid', PARENT],
      ['x-b3-sampled', '1'],
    ],
  },
  'in a trace of 64 bits': {
    path: '/b',
    headers: [
      ['x-b3-traceid', TRACE.slice(16)],
      ['x-b3-spanid', SPAN],
      ['x-b3-sampled', '1'],
    ],
  },
  'in a trace, in one header': { path: '/b', headers: [['b3', `${TRACE}-${SPAN}-1-${PARENT}`]] },
  'in a trace, in one header without a parent': { path: '/b', headers: [['b3', `${TRACE}-${SPAN}-d`]] },
  'in a trace, in one header without a decision': { path: '/b', headers: [['b3', `${TRACE}-${SPAN}`]] },
  'in no trace, but to be sampled': { path: '/b', headers: [['b3', '1']] },
  'in no trace, and not to be sampled': { path: '/b', headers: [['b3', '0']] },
  'in no trace, and not to be sampled, in another header': { path: '/b', headers: [['x-b3-sampled', '0']] },
  'to be debugged': {
    path: '/b',
    headers: [
      ['x-b3-traceid', TRACE],
      ['x-b3-spanid', SPAN],
      ['x-b3-flags', '1'],
    ],
  },
  'in a trace that is none': { path: '/b', headers: [['b3', 'x-y-1']] },
  'in a trace whose ids are none': {
    path: '/b',
    headers: [
      ['x-b3-traceid', 'x'],
      ['x-b3-spanid', 'y'],
      ['x-b3-sampled', '1'],
    ],
  },
  'in a trace that is not sampled': {
    path: '/b',
    headers: [
      ['x-b3-traceid', TRACE],
      ['x-b3-spanid', SPAN],
      ['x-b3-sampled', '0'],
    ],
  },
  'in a trace of W3C': {
    path: '/b',
    headers: [
      ['traceparent', `00-${TRACE}-${SPAN}-01`],
      ['tracestate', 'a=b'],
    ],
  },
  'in a trace of W3C that is not sampled': {
    path: '/b',
    headers: [['traceparent', `00-${TRACE}-${SPAN}-00`]],
  },
  forced: {
    path: '/b',
    headers: [
      ['x-request-id', REQUEST_ID],
      ['x-envoy-force-trace', '1'],
      ['x-forwarded-for', '127.0.0.1'],
    ],
  },
  'asked for by the client': {
    path: '/b',
    headers: [
      ['x-request-id', REQUEST_ID],
      ['x-client-trace-id', 'mine'],
    ],
  },
  'by its id': { path: '/b', headers: [['x-request-id', REQUEST_ID]] },
  'with an id that is none': { path: '/b', headers: [['x-request-id', 'nothing']] },
  'an answer of the proxy': { path: '/own' },
  'a redirect': { path: '/moved' },
  'no route': { path: '/none' },
  'nobody there': { path: '/empty' },
  'a connection refused': { path: '/refused' },
  'an error of the server': { path: '/b', do: 'status=500' },
  'not found': { path: '/b', do: 'status=404' },
  'too late': { path: '/late', do: 'delay=9000' },
  'tried again': { path: '/retried', do: 'status=503;times=2' },
  'cut off': { path: '/b', do: 'reset' },
  'cut off in its body': { path: '/b', do: 'cut' },
  rewritten: { path: '/written/a' },
  'a path that is long': { path: `/b/${'long'.repeat(20)}?q=1` },
  'a name of its own': { path: '/called' },
  'a name that is not told': { path: '/quiet' },
  'a name told by the caller': { path: '/called', headers: [['x-envoy-decorator-operation', 'theirs']] },
  'a name told by the answer': { path: '/called', do: 'header=x-envoy-decorator-operation:back' },
  'tags of the route': { path: '/tagged' },
  'not sampled by the route': { path: '/unsampled' },
  gRPC: {
    ...GRPC,
    path: '/grpc/Call',
    headers: [...grpc, ['grpc-timeout', '5S']],
    do: 'header=content-type:application/grpc;trailer=grpc-status:0',
  },
  'gRPC that fails': {
    ...GRPC,
    path: '/grpc/Call',
    headers: grpc,
    do: 'header=content-type:application/grpc;trailer=grpc-status:13;trailer=grpc-message:oh',
  },
  'gRPC that is not found': {
    ...GRPC,
    path: '/grpc/Call',
    headers: grpc,
    do: 'header=content-type:application/grpc;trailer=grpc-status:5',
  },
  'HTTP/2': { path: '/b', protocol: 'http2' },
};

function zipkin(settings: JsonMap): JsonMap {
  return {
    name: 'envoy.tracers.zipkin',
    typed_config: typed('envoy.config.trace.v3.ZipkinConfig', {
      collector_cluster: 'collector-http',
      collector_endpoint: '/api/v2/spans',
      collector_hostname: 'zipkin.example',
      collector_endpoint_version: 'HTTP_JSON',
      ...settings,
    }),
  };
}

function otlp(settings: JsonMap): JsonMap {
  return {
    name: 'envoy.tracers.opentelemetry',
    typed_config: typed('envoy.config.trace.v3.OpenTelemetryConfig', settings),
  };
}

const OVER_HTTP = {
  http_service: {
    http_uri: { uri: 'http://otlp.example/v1/traces', cluster: 'collector-http', timeout: '2s' },
    request_headers_to_add: [{ header: { key: 'x-key', value: 'k' } }],
  },
};
const OVER_GRPC = {
  grpc_service: { envoy_grpc: { cluster_name: 'collector-grpc', authority: 'otlp.example' }, timeout: '2s' },
};

interface Traced {
  readonly title: string;
  readonly direction: 'INBOUND' | 'OUTBOUND' | 'UNSPECIFIED';
  readonly provider: JsonMap;
  readonly more?: JsonMap;
}

const MESH = { trace_id_128bit: true, shared_span_context: false };

export const TRACED: readonly Traced[] = [
  { title: 'Zipkin, inbound', direction: 'INBOUND', provider: zipkin({}) },
  { title: 'Zipkin, outbound', direction: 'OUTBOUND', provider: zipkin({}) },
  { title: 'Zipkin as in a mesh, inbound', direction: 'INBOUND', provider: zipkin(MESH) },
  { title: 'Zipkin as in a mesh, outbound', direction: 'OUTBOUND', provider: zipkin(MESH) },
  {
    title: 'Zipkin as in a mesh, of few',
    direction: 'OUTBOUND',
    provider: zipkin(MESH),
    more: { random_sampling: { value: 0 }, max_path_tag_length: 20 },
  },
  {
    title: 'Zipkin, of nobody',
    direction: 'UNSPECIFIED',
    provider: zipkin({}),
    more: { overall_sampling: { value: 0 } },
  },
  { title: 'OpenTelemetry over gRPC, inbound', direction: 'INBOUND', provider: otlp(OVER_GRPC) },
  {
    title: 'OpenTelemetry over gRPC, outbound',
    direction: 'OUTBOUND',
    provider: otlp({ ...OVER_GRPC, service_name: 'shop' }),
  },
  {
    title: 'Zipkin with spans of tries, inbound',
    direction: 'INBOUND',
    provider: zipkin({}),
    more: { spawn_upstream_span: true },
  },
  {
    title: 'Zipkin with spans of tries, outbound',
    direction: 'OUTBOUND',
    provider: zipkin(MESH),
    more: { spawn_upstream_span: true },
  },
  {
    title: 'OpenTelemetry with spans of tries',
    direction: 'OUTBOUND',
    provider: otlp(OVER_GRPC),
    more: { spawn_upstream_span: true },
  },
  {
    title: 'OpenTelemetry over HTTP',
    direction: 'UNSPECIFIED',
    provider: otlp({ ...OVER_HTTP, service_name: 'web' }),
  },
];

/** Each with a listener of its own, in the order of `TRACED`. */
export function tracedScenarios({ ports }: SpanCollector): Scenario[] {
  return TRACED.map(({ direction, provider, more }, index) => ({
    title: '',
    routes: ROUTES,
    host: { domains: ['*'] },
    listener: { traffic_direction: direction },
    filters: [SET],
    manager: {
      internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] },
      tracing: { provider, custom_tags: TAGS, ...more },
    },
    clusters: (backends) =>
      index > 0
        ? []
        : [
            cluster('collector-http', [ports.http]),
            cluster('collector-grpc', [ports.grpc], HTTP2),
            cluster('described', [backends.b1], {
              metadata: { filter_metadata: { shop: { tier: 2, deep: { a: [1, true, null] } } } },
            }),
          ],
    questions: [],
  }));
}
