/** What is added to, taken from and told in headers, with Envoy's operators. */

import type { Json, JsonMap } from '../json.ts';
import type { Scenario } from '../scenario.ts';

const to = (cluster: string, over: JsonMap = {}): JsonMap => ({ route: { cluster, ...over } });

const set = (key: string, value: string, action = 'OVERWRITE_IF_EXISTS_OR_ADD'): Json => ({ header: { key, value }, append_action: action });

/** Operators that say the same in both proxies, as the value of a header to the endpoint and to the client. */
const OPERATORS: readonly string[] = [
  '%PROTOCOL%',
  '%REQ(:METHOD)%',
  '%REQ(:PATH)%',
  '%REQ(:AUTHORITY)%',
  '%REQ(X-ONE)%',
  '%REQ(X-ONE):2%',
  '%REQ(X-NONE?X-ONE)%',
  '%REQ(X-NONE)%',
  'a%REQ(X-NONE)%b',
  '%REQ(X-TWICE)%',
  '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
  '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%',
  '%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%',
  '%UPSTREAM_CLUSTER%',
  '%UPSTREAM_CLUSTER_RAW%',
  '%ROUTE_NAME%',
  '%VIRTUAL_CLUSTER_NAME%',
  '%REQUESTED_SERVER_NAME%',
  '%DYNAMIC_METADATA(a:b)%',
  '%FILTER_STATE(a)%',
  '%UPSTREAM_METADATA(a:b)%',
  '%UPSTREAM_METADATA(["a","b"])%',
  '%METADATA(ROUTE:own:key)%',
  '%ENVIRONMENT(LATEEN_NONE)%',
  '%PATH(NQ)%',
  '%PATH(WQ):3%',
  '%QUERY_PARAM(q)%',
  '%QUERY_PARAMS%',
  '%RESPONSE_FLAGS%',
  '%GRPC_STATUS%',
  '100%% sure',
];

const RESPONSE_ONLY: readonly string[] = ['%RESPONSE_CODE%', '%RESPONSE_CODE_DETAILS%', '%RESP(X-BACKEND)%', '%RESP(:STATUS)%', '%UPSTREAM_REQUEST_ATTEMPT_COUNT%', '%UPSTREAM_PROTOCOL%'];

export const HEADERS: readonly Scenario[] = [
  {
    title: 'line ends in what a query says',
    manager: {},
    routes: [
      {
        match: { prefix: '/' },
        ...to('b1'),
        request_headers_to_add: [set('x-made', '%QUERY_PARAM(q)%')],
        response_headers_to_add: [set('x-answered', '%QUERY_PARAM(q)%')],
      },
    ],
    questions: [{ path: '/?q=a%0D%0Ax-more:%20b', differs: 'Values of headers have no line ends' }],
  },
  ...OPERATORS.map(
    (value): Scenario => ({
      title: `operator ${value} in requests`,
      routes: [
        {
          name: 'named',
          match: { prefix: '/' },
          metadata: { filter_metadata: { own: { key: 'value' } } },
          ...to('b1'),
          request_headers_to_add: [set('x-made', value)],
          response_headers_to_add: [set('x-answered', value)],
        },
      ],
      questions: [{ path: '/p/x?q=1&r=2', headers: [['x-one', 'first'], ['x-twice', 'a'], ['x-twice', 'b']] }],
    }),
  ),
  ...RESPONSE_ONLY.map(
    (value): Scenario => ({
      title: `operator ${value} in answers`,
      routes: [
        { match: { prefix: '/local' }, direct_response: { status: 202 }, response_headers_to_add: [set('x-answered', value)] },
        { match: { prefix: '/' }, ...to('b1'), response_headers_to_add: [set('x-answered', value)] },
      ],
      questions: [{}, { path: '/local' }, { do: 'status=503' }],
    }),
  ),
  ...['APPEND_IF_EXISTS_OR_ADD', 'ADD_IF_ABSENT', 'OVERWRITE_IF_EXISTS_OR_ADD', 'OVERWRITE_IF_EXISTS'].map(
    (action): Scenario => ({
      title: `headers: ${action}`,
      routes: [
        {
          match: { prefix: '/' },
          ...to('b1'),
          request_headers_to_add: [set('x-edit', 'new', action), set('x-empty', '', action), { ...(set('x-kept', '', action) as JsonMap), keep_empty_value: true }],
          response_headers_to_add: [set('x-edit', 'new', action)],
        },
      ],
      questions: [{}, { headers: [['x-edit', 'old']], do: 'header=x-edit:old' }, { headers: [['x-edit', 'old'], ['x-edit', 'older']], do: 'header=x-edit:old;header=x-edit:older' }, { headers: [['x-kept', 'old'], ['x-empty', 'old']] }],
    }),
  ),
  {
    title: 'levels of edits',
    host: { request_headers_to_add: [set('x-level', 'host', 'APPEND_IF_EXISTS_OR_ADD')], response_headers_to_add: [set('x-level', 'host', 'APPEND_IF_EXISTS_OR_ADD')], request_headers_to_remove: ['x-gone'], response_headers_to_remove: ['x-secret'] },
    routes: [
      {
        match: { prefix: '/' },
        route: {
          weighted_clusters: { clusters: [{ name: 'b1', weight: 1, request_headers_to_add: [set('x-level', 'cluster', 'APPEND_IF_EXISTS_OR_ADD')], response_headers_to_add: [set('x-level', 'cluster', 'APPEND_IF_EXISTS_OR_ADD')], response_headers_to_remove: ['x-other'] }] },
        },
        request_headers_to_add: [set('x-level', 'route', 'APPEND_IF_EXISTS_OR_ADD')],
        response_headers_to_add: [set('x-level', 'route', 'APPEND_IF_EXISTS_OR_ADD')],
      },
    ],
    questions: [{ headers: [['x-gone', '1'], ['x-stay', '1']], do: 'header=x-secret:1;header=x-other:2;header=x-stay:3' }, { headers: [['x-level', 'client']] }],
  },
  {
    title: 'levels of edits, the most specific last',
    manager: {
      route_config: {
        most_specific_header_mutations_wins: true,
        request_headers_to_add: [set('x-level', 'table')],
        response_headers_to_add: [set('x-level', 'table')],
        internal_only_headers: ['x-inner'],
        virtual_hosts: [
          {
            name: 'v',
            domains: ['*'],
            request_headers_to_add: [set('x-level', 'host')],
            response_headers_to_add: [set('x-level', 'host')],
            routes: [{ match: { prefix: '/' }, ...to('b1'), request_headers_to_add: [set('x-level', 'route')], response_headers_to_add: [set('x-level', 'route')] }],
          },
        ],
      },
    },
    questions: [{}, { headers: [['x-inner', '1']] }],
  },
  {
    title: 'headers between the two connections only',
    questions: [
      { headers: [['connection', 'close, x-hop'], ['x-hop', '1'], ['x-stay', '1']] },
      { headers: [['connection', 'keep-alive'], ['keep-alive', 'timeout=5']] },
      { headers: [['te', 'trailers']] },
      { headers: [['te', 'gzip, trailers']] },
      { headers: [['proxy-connection', 'keep-alive']] },
      { headers: [['upgrade', 'h2c'], ['connection', 'upgrade, http2-settings'], ['http2-settings', 'AAMAAABkAAQAAP__']] },
      { headers: [['proxy-authorization', 'Basic eA==']] },
      { do: 'header=keep-alive:timeout=7;header=proxy-connection:x' },
      { do: 'close' },
      { do: 'header=connection:x-hop;header=x-hop:1' },
    ],
  },
  {
    title: 'headers that are forwarded as they are',
    questions: [
      { headers: [['X-Mixed-Case', 'Value'], ['x-empty', ''], ['x-space', 'a  b']] },
      { headers: [['cookie', 'a=1'], ['cookie', 'b=2']] },
      { headers: [['accept', 'text/html'], ['accept', 'text/plain']] },
      { headers: [['x-latin', 'caf\u00e9']] },
      { headers: [['x-utf8', Buffer.from('café').toString('latin1')]] },
      { headers: [['x_under_score', '1']] },
      { headers: [['user-agent', '']] },
      { headers: [['x-long', 'y'.repeat(8000)]] },
      { do: 'header=set-cookie:a=1;header=set-cookie:b=2' },
      { do: 'header=X-Upper:1;header=server:own;header=date:Thu, 01 Jan 1970 00:00:00 GMT' },
      { do: 'header=x-envoy-upstream-service-time:99' },
      { headers: [['cookie', 'a=1'], ['cookie', 'b=2']], protocol: 'http2' },
      { headers: [['te', 'trailers']], protocol: 'http2' },
    ],
  },
  {
    title: 'what clients say of themselves',
    questions: [
      { headers: [['x-forwarded-for', '1.2.3.4']] },
      { headers: [['x-forwarded-for', '1.2.3.4, 10.0.0.1']] },
      { headers: [['x-forwarded-for', 'nonsense']] },
      { headers: [['x-forwarded-proto', 'https']] },
      { headers: [['x-forwarded-proto', 'ftp']] },
      { headers: [['x-forwarded-host', 'other.example'], ['x-forwarded-port', '99']] },
      { headers: [['x-request-id', 'my-own-id']] },
      { headers: [['x-request-id', '5d1c9b9e-1111-4222-8333-444444444444']] },
      { headers: [['x-envoy-internal', 'true']] },
      { headers: [['x-envoy-external-address', '9.9.9.9']] },
      { headers: [['x-envoy-decorator-operation', 'op'], ['x-envoy-downstream-service-cluster', 'c'], ['x-envoy-downstream-service-node', 'n']] },
      { headers: [['x-envoy-max-retries', '1'], ['x-envoy-retry-on', '5xx']] },
      { headers: [['x-envoy-upstream-rq-timeout-ms', '1000'], ['x-envoy-expected-rq-timeout-ms', '7']] },
      { headers: [['x-envoy-original-path', '/old'], ['x-envoy-attempt-count', '9'], ['x-envoy-peer-metadata', 'x'], ['x-envoy-peer-metadata-id', 'y']] },
      { headers: [['x-forwarded-client-cert', 'By=x']] },
      { headers: [['forwarded', 'for=1.1.1.1'], ['via', '1.1 other']] },
      { headers: [['x-b3-traceid', '1'], ['traceparent', 'x'], ['x-client-trace-id', 'y'], ['x-envoy-force-trace', '1']] },
    ],
  },
  {
    title: 'attempts are told',
    host: { include_request_attempt_count: true, include_attempt_count_in_response: true },
    routes: [{ match: { prefix: '/' }, ...to('b1', { retry_policy: { retry_on: '5xx', num_retries: 2 } }) }],
    questions: [{}, { do: 'status=503;times=1' }, { do: 'status=503' }],
  },
];
