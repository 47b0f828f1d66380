/** Protocols in any combination: bodies, trailers, HEAD, informational answers, upgrades. */

import { type JsonMap, httpOptions } from '../json.ts';
import type { Question, Scenario } from '../scenario.ts';
import { cluster } from '../setup.ts';

const to = (name: string, over: JsonMap = {}): JsonMap => ({ route: { cluster: name, ...over } });

const MESSAGES: readonly Question[] = [
  { title: 'GET' },
  { title: 'GET with a body', body: 'odd but allowed' },
  { title: 'HEAD', method: 'HEAD' },
  { title: 'HEAD of a long answer', method: 'HEAD', do: 'size=100000' },
  { title: 'POST', method: 'POST', body: 'hello' },
  { title: 'POST without a body', method: 'POST', body: '' },
  { title: 'POST in chunks', method: 'POST', body: 'in chunks', chunked: true },
  { title: 'PUT of much', method: 'PUT', body: 'y'.repeat(300_000) },
  { title: 'DELETE', method: 'DELETE' },
  { title: 'OPTIONS', method: 'OPTIONS' },
  { title: 'a long answer', do: 'size=300000' },
  { title: 'an answer in chunks', do: 'chunked' },
  { title: 'an empty answer', do: 'body=' },
  { title: 'an empty answer in chunks', do: 'body=;chunked' },
  { title: 'trailers', do: 'trailer=x-t:1;trailer=x-u:2' },
  { title: '204', do: 'status=204' },
  { title: '205', do: 'status=205;body=' },
  { title: '304', do: 'status=304;header=etag:"x"' },
  { title: '301', do: 'status=301;header=location:/elsewhere' },
  { title: '401', do: 'status=401;header=www-authenticate:Basic' },
  { title: '404', do: 'status=404' },
  { title: '418', do: 'status=418' },
  { title: '500', do: 'status=500' },
  { title: '599', do: 'status=599' },
  { title: 'the connection breaks at once', do: 'reset' },
  { title: 'the connection breaks amid the answer', do: 'cut;size=1000' },
  { title: 'the connection breaks amid chunks', do: 'cut;chunked;size=1000' },
  { title: 'the endpoint closes after the answer', do: 'close' },
  { title: 'a content encoding', do: 'header=content-encoding:gzip' },
  { title: 'a long path', path: `/${'p'.repeat(4000)}?${'q'.repeat(3000)}` },
  { title: 'odd characters in the path', path: '/a%20b;c=d/~e/%7B%7D?x=[1]&y={2}|3' },
  { title: 'Expect', method: 'POST', headers: [['expect', '100-continue']], body: 'later' },
  { title: 'Range', headers: [['range', 'bytes=0-1']], do: 'status=206;header=content-range:bytes 0-1/9;body=xy' },
  { title: 'conditions', headers: [['if-none-match', '"x"'], ['if-modified-since', 'Thu, 01 Jan 1970 00:00:00 GMT']] },
];

const withTrailers: Question = { title: 'trailers of a request', method: 'POST', body: 'x', trailers: { 'x-rt': '1' } };

/** Over HTTP/2 lengths and chunks are no choice of the client, and upgrades and `expect` are another matter. */
const OVER_HTTP2 = MESSAGES.filter(({ chunked, headers }) => chunked !== true && !headers?.some(([name]) => name === 'expect')).map((question): Question => ({ ...question, protocol: 'http2' }));

const routes = (name: string) => [{ match: { prefix: '/' }, ...to(name) }];

export const HTTP: readonly Scenario[] = [
  { title: 'HTTP/1.1 to HTTP/1.1', routes: routes('b1'), questions: [...MESSAGES, withTrailers] },
  { title: 'HTTP/2 to HTTP/1.1', routes: routes('b1'), questions: [...OVER_HTTP2, { ...withTrailers, protocol: 'http2' }] },
  { title: 'HTTP/1.1 to HTTP/2', routes: routes('h2'), questions: [...MESSAGES, withTrailers] },
  { title: 'HTTP/2 to HTTP/2', routes: routes('h2'), questions: [...OVER_HTTP2, { ...withTrailers, protocol: 'http2' }] },
  {
    title: 'trailers over HTTP/1.1',
    manager: { http_protocol_options: { enable_trailers: true } },
    routes: routes('trailing'),
    clusters: (ports) => [
      cluster('trailing', [ports.b1], httpOptions({ http_protocol_options: { enable_trailers: true } })),
    ],
    questions: [withTrailers, { do: 'trailer=x-t:1' }, { ...withTrailers, do: 'trailer=x-t:1' }],
  },
  {
    title: 'upgrades',
    manager: { upgrade_configs: [{ upgrade_type: 'websocket' }] },
    routes: [
      { match: { path: '/off' }, ...to('b1', { upgrade_configs: [{ upgrade_type: 'websocket', enabled: false }] }) },
      { match: { prefix: '/' }, ...to('b1') },
    ],
    questions: [
      { headers: [['connection', 'Upgrade'], ['upgrade', 'websocket'], ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='], ['sec-websocket-version', '13']] },
      { headers: [['connection', 'Upgrade'], ['upgrade', 'WebSocket'], ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ==']] },
      { headers: [['connection', 'Upgrade'], ['upgrade', 'other']] },
      { path: '/off', headers: [['connection', 'Upgrade'], ['upgrade', 'websocket']] },
      { headers: [['connection', 'Upgrade'], ['upgrade', 'websocket']], do: 'refuse' },
    ],
  },
  {
    title: 'upgrades that nobody allows',
    questions: [{ headers: [['connection', 'Upgrade'], ['upgrade', 'websocket']] }, { headers: [['upgrade', 'websocket']] }],
  },
  {
    title: 'upgrades without a route',
    routes: [{ match: { path: '/only' }, ...to('b1') }],
    questions: [
      {
        path: '/none',
        headers: [
          ['connection', 'Upgrade'],
          ['upgrade', 'websocket'],
        ],
      },
    ],
  },
  {
    title: 'gRPC without an endpoint',
    routes: [
      { match: { path: '/empty' }, ...to('empty') },
      { match: { path: '/dead' }, ...to('dead') },
      { match: { path: '/direct' }, direct_response: { status: 403, body: { inline_string: 'no entry' } } },
      { match: { path: '/grpc-only', grpc: {} }, ...to('h2') },
    ],
    questions: ['/empty', '/dead', '/direct', '/none', '/grpc-only'].flatMap((path): Question[] => [
      { path, method: 'POST', body: '', protocol: 'http2', headers: [['content-type', 'application/grpc'], ['te', 'trailers']] },
      { path, method: 'POST', body: '', protocol: 'http2', headers: [['content-type', 'application/grpc+proto']] },
      { path, method: 'POST', body: '', headers: [['content-type', 'application/grpc']] },
      { path, method: 'POST', body: '', protocol: 'http2', headers: [['content-type', 'application/grpcx']] },
    ]),
  },
];
