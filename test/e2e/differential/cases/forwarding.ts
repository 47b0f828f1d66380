/** Timeouts, tries, copies, shares and choices of endpoints. */

import type { JsonMap } from '../json.ts';
import type { Question, Scenario } from '../scenario.ts';
import { cluster } from '../setup.ts';

const to = (name: string, over: JsonMap = {}): JsonMap => ({ route: { cluster: name, ...over } });
const one = (action: JsonMap): Pick<Scenario, 'routes'> => ({ routes: [{ match: { prefix: '/' }, ...action }] });
const retry = (retry_on: string, over: JsonMap = {}): JsonMap => to('b1', { retry_policy: { retry_on, num_retries: 2, ...over } });

/** Which answers each condition brings another try for. */
const ANSWERS: readonly Question[] = [
  { do: 'status=503;times=1' },
  { do: 'status=500;times=1' },
  { do: 'status=502;times=2' },
  { do: 'status=409;times=1' },
  { do: 'status=404;times=1' },
  { do: 'status=429;times=1' },
  { do: 'status=503' },
  { do: 'reset;times=1' },
  { do: 'reset' },
  { do: 'header=x-envoy-ratelimited:true;status=429;times=1' },
];

const CONDITIONS = ['5xx', 'gateway-error', 'reset', 'connect-failure', 'retriable-4xx', 'retriable-status-codes', 'reset-before-request', 'envoy-ratelimited', 'retriable-headers'];


const counted = (prefix: string, action: JsonMap): JsonMap => ({ match: { prefix }, stat_prefix: prefix.slice(1), ...action });

export const FORWARDING: readonly Scenario[] = [
  {
    title: 'routes and virtual clusters that are counted by themselves',
    routes: [
      counted('/retried', retry('5xx')),
      counted('/late-if-at-all', to('b1', { timeout: '10s' })),
      counted('/late', to('b1', { timeout: '0.2s' })),
      counted('/refused', to('dead')),
      counted('/empty', to('empty')),
      counted('/own', { direct_response: { status: 418 } }),
      { match: { prefix: '/' }, ...to('b1') },
    ],
    host: {
      virtual_clusters: [
        { name: 'posts', headers: [{ name: ':method', string_match: { exact: 'POST' } }] },
        { name: 'late', headers: [{ name: ':path', string_match: { prefix: '/late' } }] },
      ],
    },
    questions: [
      { path: '/retried', do: 'status=503;times=2' },
      { path: '/retried', do: 'status=503' },
      { path: '/retried', method: 'POST', do: 'status=404' },
      { path: '/late', do: 'delay=9000' },
      { path: '/late-if-at-all', do: 'status=201' },
      { path: '/refused' },
      { path: '/empty' },
      { path: '/own' },
      { path: '/', method: 'POST' },
      { path: '/', do: 'reset' },
    ],
  },
  ...CONDITIONS.map(
    (on): Scenario => ({
      title: `tries on ${on}`,
      ...one(retry(on, { retriable_status_codes: [404], retriable_headers: [{ name: 'x-again', present_match: true }] })),
      questions: [...ANSWERS, { do: 'header=x-again:1;times=1' }].map((question) => ({ ...question, title: question.do ?? '' })),
    }),
  ),
  {
    title: 'tries of requests with bodies',
    ...one(retry('5xx,reset')),
    questions: [
      { method: 'POST', body: 'hello', do: 'status=503;times=1' },
      { method: 'POST', body: 'in two pieces', chunked: true, do: 'status=503;times=1' },
      { method: 'POST', body: 'x'.repeat(50_000), do: 'status=503;times=2' },
      { method: 'POST', body: 'hello', do: 'reset;times=1' },
      { method: 'POST', body: 'hello', do: 'status=503;times=1', protocol: 'http2' },
      { do: 'cut' },
      { do: 'status=503;cut;times=1' },
    ],
  },
  {
    title: 'tries that clients ask for',
    ...one(to('b1')),
    questions: [
      { headers: [['x-envoy-retry-on', '5xx'], ['x-envoy-max-retries', '3']], do: 'status=503;times=2' },
      { headers: [['x-envoy-retry-on', 'gateway-error']], do: 'status=503;times=1' },
      { headers: [['x-envoy-retry-on', 'retriable-status-codes'], ['x-envoy-retriable-status-codes', '418,419']], do: 'status=418;times=1' },
      { headers: [['x-envoy-max-retries', '3']], do: 'status=503;times=1' },
    ],
  },
  {
    title: 'tries of dead endpoints',
    routes: [
      { match: { path: '/none' }, ...to('dead') },
      { match: { path: '/dead' }, ...to('dead', { retry_policy: { retry_on: 'connect-failure', num_retries: 1 } }) },
      { match: { path: '/refused' }, ...to('dead', { retry_policy: { retry_on: 'reset', num_retries: 1 } }) },
      { match: { path: '/some' }, ...to('half-dead', { retry_policy: { retry_on: 'connect-failure', num_retries: 3 } }) },
      { match: { path: '/other' }, ...to('half-dead', { retry_policy: { retry_on: 'connect-failure', num_retries: 1, retry_host_predicate: [{ name: 'envoy.retry_host_predicates.previous_hosts', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate' } }], host_selection_retry_max_attempts: '5' } }) },
    ],
    clusters: (ports) => [cluster('half-dead', [ports.dead, ports.b1])],
    questions: [
      { path: '/none' },
      { path: '/dead' },
      { path: '/refused' },
      { path: '/some', repeat: 10, within: 6 },
      { path: '/some', method: 'POST', body: 'x', repeat: 10, within: 6 },
      { path: '/other', repeat: 10, within: 1 },
    ],
  },
  {
    title: 'tries of gRPC',
    ...one(to('h2', { retry_policy: { retry_on: 'unavailable,cancelled', num_retries: 2 } })),
    questions: [
      { method: 'POST', headers: [['content-type', 'application/grpc'], ['te', 'trailers']], body: '', protocol: 'http2', do: 'header=grpc-status:14;header=content-type:application/grpc;body=;times=1' },
      { method: 'POST', headers: [['content-type', 'application/grpc'], ['te', 'trailers']], body: '', protocol: 'http2', do: 'header=grpc-status:5;header=content-type:application/grpc;body=;times=1' },
      { method: 'POST', headers: [['content-type', 'application/grpc'], ['te', 'trailers']], body: '', protocol: 'http2', do: 'trailer=grpc-status:14;header=content-type:application/grpc;times=1' },
    ],
  },
  {
    title: 'timeouts',
    routes: [
      { match: { path: '/short' }, ...to('b1', { timeout: '0.2s' }) },
      { match: { path: '/long' }, ...to('b1', { timeout: '10s' }) },
      { match: { path: '/none' }, ...to('b1', { timeout: '0s' }) },
      { match: { path: '/per-try' }, ...to('b1', { timeout: '1s', retry_policy: { retry_on: '5xx', num_retries: 1, per_try_timeout: '0.2s' } }) },
      // Enough for a try that is answered at once, also on a busy machine.
      { match: { path: '/next-try' }, ...to('b1', { timeout: '20s', retry_policy: { retry_on: '5xx', num_retries: 1, per_try_timeout: '1.5s' } }) },
      { match: { path: '/per-try-once' }, ...to('b1', { timeout: '1s', retry_policy: { retry_on: 'connect-failure', num_retries: 1, per_try_timeout: '0.2s' } }) },
      { match: { path: '/shorter' }, ...to('b1', { timeout: '0.2s', retry_policy: { retry_on: '5xx', num_retries: 3, per_try_timeout: '5s' } }) },
      { match: { path: '/idle' }, ...to('b1', { timeout: '0s', idle_timeout: '0.2s' }) },
      { match: { path: '/max' }, ...to('b1', { timeout: '0s', max_stream_duration: { max_stream_duration: '0.2s' } }) },
      { match: { path: '/grpc' }, ...to('h2', { timeout: '0.2s', max_stream_duration: { max_stream_duration: '0s', grpc_timeout_header_max: '0s' } }) },
    ],
    questions: [
      // What is too late is so by far, and what is in time too.
      { path: '/short', do: 'delay=9000' },
      { path: '/long', do: 'delay=10' },
      { path: '/short', do: 'delay=9000', protocol: 'http2' },
      { path: '/short', do: 'rest-delay=9000' },
      { path: '/short', do: 'rest-delay=9000', protocol: 'http2' },
      { path: '/long', do: 'rest-delay=10' },
      { path: '/next-try', do: 'rest-delay=2000' },
      { path: '/none', do: 'delay=300' },
      { path: '/next-try', do: 'delay=9000;times=1' },
      { path: '/per-try', do: 'delay=9000' },
      { path: '/per-try-once', do: 'delay=9000' },
      { path: '/shorter', do: 'delay=9000' },
      { path: '/idle', do: 'delay=9000' },
      { path: '/max', do: 'delay=9000' },
      // Strangers set no times.
      { path: '/none', headers: [['x-envoy-upstream-rq-timeout-ms', '150']], do: 'delay=500' },
      { path: '/none', headers: [['x-envoy-upstream-rq-timeout-ms', '150'], ['x-envoy-upstream-rq-timeout-alt-response', '1']], do: 'delay=500' },
      { path: '/next-try', headers: [['x-envoy-upstream-rq-per-try-timeout-ms', '1200']], do: 'delay=9000;times=1' },
      { path: '/grpc', method: 'POST', protocol: 'http2', body: '', headers: [['content-type', 'application/grpc'], ['grpc-timeout', '100m']], do: 'delay=9000' },
      { path: '/grpc', method: 'POST', protocol: 'http2', body: '', headers: [['content-type', 'application/grpc']], do: 'delay=100' },
    ],
  },
  {
    title: 'copies of requests',
    routes: [
      { match: { path: '/one' }, ...to('b1', { request_mirror_policies: [{ cluster: 'b2' }] }) },
      { match: { path: '/two' }, ...to('b1', { request_mirror_policies: [{ cluster: 'b2' }, { cluster: 'b3' }] }) },
      { match: { path: '/none' }, ...to('b1', { request_mirror_policies: [{ cluster: 'b2', runtime_fraction: { default_value: { numerator: 0 } } }] }) },
      { match: { path: '/h2' }, ...to('b1', { request_mirror_policies: [{ cluster: 'h2' }] }) },
      { match: { path: '/missing' }, ...to('b1', { request_mirror_policies: [{ cluster: 'dead' }] }) },
      { match: { path: '/named' }, ...to('b1', { request_mirror_policies: [{ cluster_header: 'X-Copy-To' }] }), request_headers_to_add: [{ header: { key: 'x-late', value: 'b3' } }] },
      { match: { path: '/late' }, ...to('b1', { request_mirror_policies: [{ cluster_header: 'x-late' }] }), request_headers_to_add: [{ header: { key: 'x-late', value: 'b3' } }] },
    ],
    questions: [
      { path: '/one', seen: 2 },
      { path: '/one', seen: 2, method: 'POST', body: 'twice' },
      { path: '/one', seen: 2, method: 'POST', body: 'twice in chunks', chunked: true },
      { path: '/two', seen: 3 },
      { path: '/none', seen: 1 },
      { path: '/h2', seen: 2, method: 'POST', body: 'x' },
      { path: '/missing', seen: 1 },
      { path: '/one', seen: 2, do: 'status=503' },
      { path: '/named', seen: 1 },
      { path: '/named', seen: 2, headers: [['x-copy-to', 'b2']] },
      { path: '/named', seen: 1, headers: [['x-copy-to', '']] },
      { path: '/named', seen: 1, headers: [['x-copy-to', 'nobody']] },
      { path: '/named', seen: 2, headers: [['x-copy-to', 'b2'], ['x-copy-to', 'b3']] },
      { path: '/late', seen: 2 },
    ],
  },
  {
    title: 'shares of clusters',
    routes: [
      { match: { path: '/all' }, route: { weighted_clusters: { clusters: [{ name: 'b1', weight: 0 }, { name: 'b2', weight: 100 }] } } },
      { match: { path: '/some' }, route: { weighted_clusters: { clusters: [{ name: 'b1', weight: 30 }, { name: 'b2', weight: 70 }] } } },
      { match: { path: '/host' }, route: { weighted_clusters: { clusters: [{ name: 'b1', weight: 1, host_rewrite_literal: 'own.example' }] } } },
    ],
    questions: [{ path: '/all' }, { path: '/some', repeat: 200, within: 48 }, { path: '/host' }],
  },
  {
    title: 'round robin',
    ...one(to('all')),
    questions: [{ repeat: 30, within: 2 }],
  },
  ...(['RANDOM', 'LEAST_REQUEST'] as const).map(
    (policy): Scenario => ({
      title: `balancer ${policy}`,
      ...one(to(`lb-${policy}`)),
      clusters: (ports) => [cluster(`lb-${policy}`, [ports.b1, ports.b2, ports.b3], { lb_policy: policy })],
      questions: [{ repeat: 90, within: 35 }],
    }),
  ),
  {
    title: 'weights of endpoints',
    ...one(to('weights')),
    clusters: (ports) => [
      cluster('weights', [], {
        load_assignment: {
          cluster_name: 'weights',
          endpoints: [
            {
              lb_endpoints: [ports.b1, ports.b2].map((port, index) => ({
                load_balancing_weight: index * 3 + 1,
                endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } },
              })),
            },
          ],
        },
      }),
    ],
    questions: [{ repeat: 50, within: 4 }],
  },
  {
    title: 'priorities',
    routes: [
      { match: { path: '/first' }, ...to('priorities') },
      { match: { path: '/unhealthy' }, ...to('unhealthy') },
    ],
    clusters: (ports) => {
      const at = (port: number, over: JsonMap = {}): JsonMap => ({ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } }, ...over });
      return [
        cluster('priorities', [], { load_assignment: { cluster_name: 'priorities', endpoints: [{ lb_endpoints: [at(ports.b1)] }, { priority: 1, lb_endpoints: [at(ports.b2)] }] } }),
        cluster('unhealthy', [], { load_assignment: { cluster_name: 'unhealthy', endpoints: [{ lb_endpoints: [at(ports.b1, { health_status: 'UNHEALTHY' })] }, { priority: 1, lb_endpoints: [at(ports.b2)] }] } }),
      ];
    },
    questions: [{ path: '/first', repeat: 5 }, { path: '/unhealthy', repeat: 5 }],
  },
  {
    title: 'subsets',
    routes: [
      { match: { path: '/v1' }, ...to('subsets', { metadata_match: { filter_metadata: { 'envoy.lb': { version: 'v1' } } } }) },
      { match: { path: '/v2' }, ...to('subsets', { metadata_match: { filter_metadata: { 'envoy.lb': { version: 'v2' } } } }) },
      { match: { path: '/v3' }, ...to('subsets', { metadata_match: { filter_metadata: { 'envoy.lb': { version: 'v3' } } } }) },
    ],
    clusters: (ports) => [
      cluster('subsets', [], {
        lb_subset_config: { fallback_policy: 'NO_FALLBACK', subset_selectors: [{ keys: ['version'] }] },
        load_assignment: {
          cluster_name: 'subsets',
          endpoints: [
            {
              lb_endpoints: [ports.b1, ports.b2].map((port, index) => ({
                metadata: { filter_metadata: { 'envoy.lb': { version: `v${index + 1}` } } },
                endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } },
              })),
            },
          ],
        },
      }),
    ],
    questions: [{ path: '/v1', repeat: 3 }, { path: '/v2', repeat: 3 }, { path: '/v3' }],
  },
  {
    title: 'requests at once beyond the limit',
    ...one(to('limited')),
    clusters: (ports) => [cluster('limited', [ports.b1], { circuit_breakers: { thresholds: [{ max_requests: 0 }] } })],
    questions: [{}, { protocol: 'http2' }],
  },
  {
    title: 'outlier detection',
    ...one(to('outliers')),
    clusters: (ports) => [cluster('outliers', [ports.b1, ports.b2], { lb_policy: 'ROUND_ROBIN', outlier_detection: { consecutive_5xx: 2, base_ejection_time: '60s', interval: '3600s', max_ejection_percent: 100, enforcing_consecutive_5xx: 100 } })],
    questions: [{ repeat: 4, within: 0, do: 'status=503' }, { repeat: 4, within: 4 }],
  },
  {
    title: 'maintenance mode and drops',
    ...one(to('dropped')),
    clusters: (ports) => [cluster('dropped', [ports.b1], { load_assignment: { cluster_name: 'dropped', policy: { drop_overloads: [{ category: 'all', drop_percentage: { numerator: 100 } }] }, endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: ports.b1 } } } }] }] } })],
    questions: [{}],
  },
];
