/** Headers that a rule of a VirtualService writes: in which order, and over which of the proxy's own. */

import { expect } from 'vitest';
import { type FeatureCase, get } from './case.ts';
import { V1, routed } from './manifests.ts';

/** Sets on the request and on the answer, for one or for all destinations. */
const set = (request: string, response = '') =>
  `headers: {request: {set: {${request}}}, response: {set: {${response}}}}`;

export const ROUTE_HEADERS: readonly FeatureCase[] = [
  {
    feature: 'VirtualService headers are made of those that came, before any of them is written',
    config: routed('swapped', `- ${set('one: "%REQ(two)%", two: "%REQ(one)%"')}\n  ${V1}`),
    asks: [
      {
        ...get('swapped', { headers: { one: '1', two: '2' } }),
        expect: { received: { one: '2', two: '1' } },
      },
    ],
  },
  {
    feature: 'VirtualService headers of the only destination are set before those of the route are added',
    config: routed(
      'set-first',
      `- headers: {request: {add: {team: route}}}
  route: [{destination: {host: web}, headers: {request: {set: {team: destination}}}}]`,
    ),
    asks: [
      {
        ...get('set-first', { headers: { team: 'client' } }),
        expect: { received: { team: 'destination, route' } },
      },
    ],
  },
  {
    feature: 'VirtualService headers: the host of the route goes before that of one destination of several',
    config: routed(
      'two-hosts',
      `- ${set('Host: route.example')}
  route:
  - {destination: {host: web, subset: v1}, weight: 50, headers: {request: {set: {Host: one.example}}}}
  - {destination: {host: web, subset: v2}, weight: 50, headers: {request: {set: {Host: two.example}}}}`,
    ),
    asks: [{ ...get('two-hosts'), times: 4, expect: { authority: 'route.example' } }],
  },
  {
    feature: 'VirtualService headers of an answer say nothing of the connection to the client',
    config: routed(
      'hops',
      `- ${set('from: gateway', 'connection: x-hop, upgrade: web, proxy-connection: close')}\n  ${V1}`,
    ),
    asks: [
      {
        ...get('hops'),
        check: ([one]) => {
          expect(one?.headers).not.toHaveProperty('upgrade');
          expect(one?.headers).not.toHaveProperty('proxy-connection');
          expect(one?.headers?.['connection']).not.toBe('x-hop');
        },
      },
    ],
  },
  {
    feature: "VirtualService headers of the proxy's own answers: the type of a body, but no length",
    config: routed(
      'own-answers',
      `- match: [{uri: {prefix: /body}}]
  ${set('from: gateway', 'content-type: text/css, content-length: "2"')}
  directResponse: {status: 200, body: {string: "a{}"}}
- match: [{uri: {prefix: /bare}}]
  headers: {response: {remove: [content-type, content-length]}}
  directResponse: {status: 200, body: {string: "abc"}}
- ${set('from: gateway', 'content-type: text/css, content-length: "2"')}
  directResponse: {status: 200}`,
    ),
    asks: [
      {
        ...get('own-answers', { path: '/body' }),
        expect: { text: 'a{}', headers: { 'content-type': 'text/css', 'content-length': '3' } },
      },
      {
        ...get('own-answers', { path: '/bare' }),
        expect: { text: 'abc', headers: { 'content-type': 'text/plain', 'content-length': '3' } },
      },
      {
        ...get('own-answers', { path: '/nothing' }),
        expect: { text: '', headers: { 'content-length': '0' } },
        check: ([one]) => expect(one?.headers).not.toHaveProperty('content-type'),
      },
    ],
  },
  {
    feature: "VirtualService headers of the proxy's own answers to gRPC: the status that the route sets",
    config: routed(
      'own-grpc',
      `- ${set('from: gateway', 'content-type: text/css, grpc-status: "3"')}
  directResponse: {status: 200, body: {string: "abc"}}`,
    ),
    asks: [
      {
        ...get('own-grpc', { headers: { 'content-type': 'application/grpc' } }),
        expect: {
          headers: { 'content-type': 'application/grpc', 'grpc-status': '3', 'grpc-message': 'abc' },
        },
      },
    ],
  },
  {
    feature:
      'VirtualService corsPolicy: nothing of it where the proxy answers by itself, nor headers of the route on a preflight answer',
    config: routed(
      'cors-beside',
      `- match: [{uri: {prefix: /direct}}]
  corsPolicy: {allowOrigins: [{exact: "http://a.example"}], allowMethods: [GET]}
  directResponse: {status: 200}
- corsPolicy: {allowOrigins: [{exact: "http://a.example"}], allowMethods: [GET]}
  ${set('from: gateway', 'team: fruit')}
  ${V1}`,
    ),
    asks: [
      {
        ...get('cors-beside', { path: '/direct', headers: { origin: 'http://a.example' } }),
        expect: { status: 200 },
        check: ([one]) => expect(one?.headers).not.toHaveProperty('access-control-allow-origin'),
      },
      {
        ...get('cors-beside', {
          method: 'OPTIONS',
          headers: { origin: 'http://a.example', 'access-control-request-method': 'GET' },
        }),
        expect: { status: 200, headers: { 'access-control-allow-methods': 'GET' } },
        check: ([one]) => expect(one?.headers).not.toHaveProperty('team'),
      },
      {
        ...get('cors-beside', { headers: { origin: 'http://a.example' } }),
        expect: { headers: { 'access-control-allow-origin': 'http://a.example', team: 'fruit' } },
      },
    ],
  },
  {
    feature: 'VirtualService headers with operators: of the first try, and of an answer that a fault makes',
    config: routed(
      'told-by-operators',
      `- match: [{uri: {prefix: /fault}}]
  fault: {abort: {percentage: {value: 100}, httpStatus: 418}}
  ${set('from: gateway', 'cluster: "%UPSTREAM_CLUSTER_RAW%", status: "%RESP(:status)%"')}
  ${V1}
- ${set('try: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%"')}
  ${V1}`,
    ),
    asks: [
      { ...get('told-by-operators'), expect: { received: { try: '1' } } },
      {
        ...get('told-by-operators', { path: '/fault' }),
        expect: { headers: { cluster: 'outbound|80|v1|web.shop.svc.cluster.local', status: '418' } },
      },
    ],
  },
  {
    feature: 'VirtualService headers: %ROUTE_NAME% of a rule without a name of its own',
    config: routed(
      'half-named',
      `- match: [{uri: {prefix: /in}, name: inner}]\n  ${set('from: gateway', 'named: "%ROUTE_NAME%"')}\n  ${V1}`,
    ),
    asks: [{ ...get('half-named', { path: '/in' }), expect: { headers: { named: '.inner' } } }],
  },
];
