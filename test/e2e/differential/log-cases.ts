/** What is logged: the configuration, and each way in which a request or a connection may end. */

import { connect } from 'node:net';
import { connect as connectHttp2 } from 'node:http2';
import { once } from 'node:events';
import { eventually } from '../../peers/run-envoy.ts';
import type { Backends } from './backends.ts';
import { type Sent, send } from './client.ts';
import { type JsonMap, NETWORK_FILTER, fileLog, httpFilter, socketAddress, typed } from './json.ts';
import { ISTIO_FORMAT, JSON_FORMAT } from './log-formats.ts';
import type { Scenario } from './scenario.ts';

/** Three logs beside each other, in files that begin with a name. */
export function logs(folder: string, name: string): JsonMap[] {
  return [
    fileLog(`${folder}/${name}.default`),
    fileLog(`${folder}/${name}.istio`, { text_format_source: { inline_string: ISTIO_FORMAT } }),
    fileLog(`${folder}/${name}.json`, { json_format: JSON_FORMAT }),
  ];
}

/** What is in the dynamic metadata of every request. */
function set(key: string, value: JsonMap): JsonMap {
  return { header: 'x-none', on_header_missing: { metadata_namespace: 'set', key, ...value } };
}

const ROUTES: readonly JsonMap[] = [
  {
    name: 'own',
    match: { prefix: '/own' },
    direct_response: { status: 418, body: { inline_string: 'tea' } },
  },
  { name: 'moved', match: { prefix: '/moved' }, redirect: { path_redirect: '/new' } },
  { name: 'refused', match: { prefix: '/refused' }, route: { cluster: 'dead' } },
  { name: 'empty', match: { prefix: '/empty' }, route: { cluster: 'empty' } },
  { name: 'unknown', match: { prefix: '/unknown' }, route: { cluster: 'no-such' } },
  { name: 'late', match: { prefix: '/late' }, route: { cluster: 'b1', timeout: '1s' } },
  {
    name: 'retried',
    match: { prefix: '/retried' },
    route: { cluster: 'b1', retry_policy: { retry_on: '5xx', num_retries: 1 } },
  },
  {
    name: 'aborted',
    match: { prefix: '/aborted' },
    route: { cluster: 'b1' },
    typed_per_filter_config: {
      'envoy.filters.http.fault': typed('envoy.extensions.filters.http.fault.v3.HTTPFault', {
        abort: { http_status: 503, percentage: { numerator: 100 } },
      }),
    },
  },
  {
    name: 'followed',
    match: { prefix: '/followed' },
    // Over HTTP/2 no header concerns the connection.
    route: { cluster: 'h2', internal_redirect_policy: { redirect_response_codes: [302, 303] } },
  },
  {
    name: 'hedged',
    match: { prefix: '/hedged' },
    route: {
      cluster: 'b1',
      hedge_policy: { hedge_on_per_try_timeout: true },
      retry_policy: { retry_on: '5xx', num_retries: 1, per_try_timeout: '0.2s' },
    },
  },
  { name: 'written', match: { prefix: '/written' }, route: { cluster: 'b1', prefix_rewrite: '/other' } },
  { name: 'http2', match: { prefix: '/http2' }, route: { cluster: 'h2' } },
  { name: 'grpc', match: { prefix: '/grpc' }, route: { cluster: 'h2' } },
  {
    name: 'served',
    match: { prefix: '/served' },
    route: { cluster: 'described' },
    metadata: { filter_metadata: { shop: { kind: 'route' } } },
  },
];

const DESCRIBED: NonNullable<Scenario['clusters']> = (ports) => [
  {
    name: 'described',
    type: 'STATIC',
    connect_timeout: '1s',
    metadata: { filter_metadata: { shop: { tier: 2 } } },
    load_assignment: {
      cluster_name: 'described',
      endpoints: [
        {
          lb_endpoints: [
            {
              endpoint: { address: socketAddress(ports.b1) },
              metadata: { filter_metadata: { shop: { zone: 'a', deep: { flag: true } } } },
            },
          ],
        },
      ],
    },
  },
];

/** A listener for HTTP, with metadata wherever there may be some. No tracer has its spans. */
export function httpScenario(accessLog: readonly JsonMap[]): Scenario {
  return {
    title: 'requests',
    host: { domains: ['*'], metadata: { filter_metadata: { shop: { kind: 'host' } } } },
    routes: ROUTES,
    manager: { access_log: accessLog, tracing: {}, route_config: { validate_clusters: false } },
    filters: [
      httpFilter('fault.v3.HTTPFault'),
      httpFilter('header_to_metadata.v3.Config', {
        request_rules: [
          set('text', { value: 'some text' }),
          set('number', { value: '3', type: 'NUMBER' }),
          set('whole', { value: '1500000000', type: 'NUMBER' }),
        ],
      }),
    ],
    listener: { metadata: { filter_metadata: { shop: { kind: 'listener' } } } },
    clusters: DESCRIBED,
    questions: [],
  };
}

/** A listener for connections that go to a cluster. */
export function tcpScenario(cluster: string, accessLog: readonly JsonMap[]): Scenario {
  return {
    title: `connections to ${cluster}`,
    network: () => [
      {
        name: 'envoy.filters.network.tcp_proxy',
        typed_config: typed(`${NETWORK_FILTER}.tcp_proxy.v3.TcpProxy`, {
          stat_prefix: `tcp_${cluster}`,
          cluster,
          access_log: accessLog,
        }),
      },
    ],
    questions: [],
  };
}

export type Turn = (port: number, id: string, backends: Backends) => Promise<void>;

function sent(request: Partial<Sent>, orders = ''): Turn {
  return async (port, id) => {
    const headers = [...(request.headers ?? []), ['x-case', id] as const, ['x-do', orders] as const];
    await send(port, { host: 'shop.example', ...request, headers });
  };
}

/** A client that goes once an endpoint has its request. */
const gone: Turn = async (port, id, backends) => {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`GET /served HTTP/1.1\r\nhost: shop.example\r\nx-case: ${id}\r\nx-do: delay=60000\r\n\r\n`);
  await seen(backends, id);
  socket.destroy();
};

const goneFromHttp2: Turn = async (port, id, backends) => {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  const stream = session.request({
    ':path': '/served',
    ':authority': 'shop.example',
    'x-case': id,
    'x-do': 'delay=60000',
  });
  stream.on('error', () => undefined);
  await seen(backends, id);
  stream.close(8);
  await once(stream, 'close');
  // Not at once, so that the reset is not lost.
  session.close();
};

async function seen(backends: Backends, id: string): Promise<void> {
  await eventually(
    () => backends.seen.some(({ headers }) => headers['x-case'] === id),
    (isSeen) => isSeen,
  );
}

const GRPC = [
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
] as const;

/** Those that make two lines: of the request, and of the one that it becomes. */
export const TWICE: ReadonlySet<string> = new Set([
  'a redirect that is followed',
  'a body that is redirected',
]);

export const HTTP_CASES: Readonly<Record<string, Turn>> = {
  'a redirect that is followed': sent(
    { path: '/followed' },
    'status=302;header=location:http://shop.example/served/new;times=1',
  ),
  'a body that is redirected': sent(
    { path: '/followed', method: 'POST', body: 'some' },
    'status=303;header=location:http://shop.example/served/new;times=1',
  ),
  'a redirect that is not followed': sent(
    { path: '/followed' },
    'status=302;header=location:/served;chunked',
  ),
  'a try that is overtaken': sent({ path: '/hedged' }, 'delay=1500;times=1'),
  'an answer': sent({ path: '/served/it?a=one%20two&b&c=%41%2F%25%7b%7E%22' }),
  'a body both ways': sent({ path: '/served', method: 'POST', body: 'x'.repeat(2000) }, 'size=3000'),
  'a body in chunks': sent({ path: '/served', method: 'POST', body: 'some', chunked: true }, 'chunked'),
  'a head': sent({ path: '/served', method: 'HEAD' }),
  'no content': sent({ path: '/served' }, 'status=204'),
  'an error of the endpoint': sent({ path: '/served' }, 'status=500'),
  'HTTP/2 from the client': sent({ path: '/served', protocol: 'http2', method: 'POST', body: 'some' }),
  // With a length the client would have all before the end of the stream, and might be gone by then.
  'HTTP/2 to the endpoint': sent({ path: '/http2' }, 'chunked'),
  'trailers over HTTP/2': sent(
    { path: '/http2', protocol: 'http2', body: 'some', method: 'POST', trailers: { 'x-t': 'v' } },
    'trailer=x-after:all',
  ),
  'a status of gRPC in trailers': sent(
    { path: '/grpc', protocol: 'http2', method: 'POST', body: '\0\0\0\0\0', headers: GRPC },
    'header=content-type:application/grpc;trailer=grpc-status:5;trailer=grpc-message:none',
  ),
  'gRPC that is unavailable': sent(
    { path: '/grpc', protocol: 'http2', method: 'POST', body: '\0\0\0\0\0', headers: GRPC },
    'header=content-type:application/grpc;trailer=grpc-status:14',
  ),
  // Without a body, which might come after the answer.
  'gRPC that the proxy answers': sent({
    path: '/refused',
    protocol: 'http2',
    method: 'POST',
    headers: GRPC,
  }),
  'another path for the endpoint': sent({ path: '/written/x?q=1' }),
  'forwarded for another': sent({ path: '/served', headers: [['x-forwarded-for', '10.1.2.3']] }),
  'a trace that goes on': sent({
    path: '/served',
    headers: [
      ['x-b3-traceid', '463ac35c9f6413ad48485a3953bb6124'],
      ['x-b3-spanid', 'a2fb4a1d1a96d312'],
      ['x-b3-sampled', '1'],
      ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
      ['user-agent', 'curl/8'],
      ['x-client-trace-id', 'mine'],
    ],
  }),
  'no route': sent({ path: '/nowhere' }),
  'no such cluster': sent({ path: '/unknown' }),
  'no endpoint': sent({ path: '/empty' }),
  'a connection that is refused': sent({ path: '/refused' }),
  'an endpoint that is too late': sent({ path: '/late' }, 'delay=60000'),
  'a second try': sent({ path: '/retried' }, 'status=503;times=1'),
  'tries that all fail': sent({ path: '/retried' }, 'status=503'),
  'an answer of the proxy': sent({ path: '/own' }),
  'a redirect': sent({ path: '/moved' }),
  'a fault': sent({ path: '/aborted' }),
  'an endpoint that resets': sent({ path: '/served' }, 'reset'),
  'an endpoint that resets a stream': sent({ path: '/http2' }, 'reset'),
  'an answer that is cut': sent({ path: '/served' }, 'cut;size=100'),
  'a client that is gone': gone,
  'a client that resets its stream': goneFromHttp2,
};

export const TCP_CASES: Readonly<Record<string, Turn>> = {
  tcp: async (port) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write('hello');
    await once(socket, 'data');
    socket.end();
    socket.resume();
    await once(socket, 'close');
  },
  dead: closedBy,
  empty: closedBy,
};

async function closedBy(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'close');
}
