/** What a rule of a VirtualService does with a request: where it goes, and how it and its answer are changed. */

import { expect } from 'vitest';
import { eventually } from '../../peers/run-envoy.ts';
import { expectShare } from '../../proxy/expect-share.ts';
import { type FeatureCase, get, send, shares } from './case.ts';
import { V1, envoyFilter, routed } from './manifests.ts';

const preflight = (origin: string) => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': 'GET' },
});

export const ROUTE_ACTIONS: readonly FeatureCase[] = [
  {
    feature: 'VirtualService route weights',
    config: routed(
      'weights',
      '- route: [{destination: {host: web, subset: v1}, weight: 10}, {destination: {host: web, subset: v2}, weight: 90}]',
    ),
    asks: [
      { ...get('weights'), times: 800, check: (all) => expectShare(shares(all)['web v2'] ?? 0, 800, 0.9) },
    ],
  },
  {
    feature: 'VirtualService destination.port',
    config: routed('destination-port', '- route: [{destination: {host: told, port: {number: 7071}}}]'),
    asks: [{ ...get('destination-port'), expect: { who: 'rpc v1', version: '2.0' } }],
  },
  {
    feature: 'VirtualService destination in another namespace',
    config: routed('far-destination', '- route: [{destination: {host: nuts.other.svc.cluster.local}}]'),
    asks: [{ ...get('far-destination'), expect: { who: 'nuts v1' } }],
  },
  {
    feature: 'VirtualService destination that is nowhere',
    config: routed('no-destination', '- route: [{destination: {host: nobody.shop.svc.cluster.local}}]'),
    asks: [{ ...get('no-destination'), expect: { status: 503 } }],
  },
  {
    feature: 'VirtualService rewrite of the path: prefix and exact',
    config: routed(
      'rewrite',
      `- match: [{uri: {prefix: /old/}}]\n  rewrite: {uri: /new/}\n  ${V1}\n- match: [{uri: {exact: /one}}]\n  rewrite: {uri: /two}\n  ${V1}`,
    ),
    asks: [
      { ...get('rewrite', { path: '/old/apple?x=1' }), expect: { path: '/new/apple?x=1' } },
      { ...get('rewrite', { path: '/one' }), expect: { path: '/two' } },
    ],
  },
  {
    feature: 'VirtualService rewrite by expression',
    config: routed(
      'rewrite-regex',
      `- match: [{uri: {prefix: /}}]\n  rewrite: {uriRegexRewrite: {match: "^/service/([^/]+)(/.*)$", rewrite: "\\\\2/in/\\\\1"}}\n  ${V1}`,
    ),
    asks: [{ ...get('rewrite-regex', { path: '/service/foo/v1/api' }), expect: { path: '/v1/api/in/foo' } }],
  },
  {
    feature: 'VirtualService rewrite of the authority',
    config: routed('rewrite-authority', `- rewrite: {authority: inner.example}\n  ${V1}`),
    asks: [{ ...get('rewrite-authority'), expect: { authority: 'inner.example' } }],
  },
  {
    feature: 'VirtualService redirect: uri, authority and code',
    config: routed('redirect', '- redirect: {uri: /there, authority: other.example, redirectCode: 302}'),
    asks: [
      {
        ...get('redirect', { path: '/here' }),
        expect: { status: 302, headers: { location: 'http://other.example/there' } },
      },
    ],
  },
  {
    feature: 'VirtualService redirect: scheme and port',
    config: routed('redirect-scheme', '- redirect: {scheme: https, port: 8443}'),
    asks: [
      {
        ...get('redirect-scheme', { path: '/x' }),
        expect: { status: 301, headers: { location: 'https://redirect-scheme.test:8443/x' } },
      },
    ],
  },
  {
    feature: 'VirtualService redirect: derivePort',
    config: routed(
      'redirect-derive',
      '- redirect: {authority: other.example, derivePort: FROM_PROTOCOL_DEFAULT}',
    ),
    asks: [
      {
        ...get('redirect-derive', { path: '/x' }),
        expect: { status: 301, headers: { location: 'http://other.example/x' } },
      },
    ],
  },
  {
    feature: 'VirtualService redirect of a prefix',
    config: routed(
      'redirect-prefix',
      '- match: [{uri: {prefix: /old}}]\n  redirect: {uri: "%PREFIX()%/new", redirectCode: 308}',
    ),
    asks: [{ ...get('redirect-prefix', { path: '/old' }), expect: { status: 308 } }],
  },
  {
    feature: 'VirtualService directResponse',
    config: routed(
      'direct',
      '- directResponse: {status: 418, body: {string: "short and stout"}}\n  headers: {response: {set: {kind: teapot}}}',
    ),
    asks: [
      { ...get('direct'), expect: { status: 418, text: 'short and stout', headers: { kind: 'teapot' } } },
    ],
  },
  {
    feature: 'VirtualService corsPolicy: preflight and answer',
    config: routed(
      'cors',
      `- corsPolicy: {allowOrigins: [{exact: "https://shop.example"}, {regex: "https://.*\\\\.corp"}], allowMethods: [POST, GET], allowHeaders: [x-token], exposeHeaders: [x-got], allowCredentials: true, maxAge: 24h}\n  ${V1}`,
    ),
    asks: [
      {
        ...get('cors', {
          method: 'OPTIONS',
          headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
        }),
        expect: {
          status: 200,
          headers: {
            'access-control-allow-origin': 'https://shop.example',
            'access-control-allow-methods': 'POST,GET',
            'access-control-allow-headers': 'x-token',
            'access-control-allow-credentials': 'true',
            'access-control-max-age': '86400',
          },
        },
      },
      {
        ...get('cors', { headers: { origin: 'https://a.corp' } }),
        expect: {
          status: 200,
          headers: {
            'access-control-allow-origin': 'https://a.corp',
            'access-control-expose-headers': 'x-got',
          },
        },
      },
      {
        ...get('cors', { headers: { origin: 'https://evil.example' } }),
        check: ([one]) => expect(one?.headers).not.toHaveProperty('access-control-allow-origin'),
      },
    ],
  },
  {
    feature: 'VirtualService headers: of requests and answers, of the route and of one destination',
    config: routed(
      'headers',
      `- headers: {request: {set: {team: fruits}, add: {seen: again}, remove: [secret]}, response: {set: {cache: none}, add: {trail: end}, remove: [inner]}}
  route: [{destination: {host: web, subset: v1}, headers: {request: {set: {one: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"}}, response: {set: {chosen: "yes"}}}}]`,
    ),
    asks: [
      {
        ...get('headers', {
          path: '/?header=inner:1&header=trail:start',
          headers: { team: 'x', secret: 'key', seen: 'once' },
        }),
        expect: {
          received: { team: 'fruits', seen: 'once, again', one: '127.0.0.1' },
          headers: { cache: 'none', trail: 'start, end', chosen: 'yes' },
        },
        check: ([one]) => {
          expect(one?.received).not.toHaveProperty('secret');
          expect(one?.headers).not.toHaveProperty('inner');
        },
      },
    ],
  },
  {
    feature: 'VirtualService headers of one destination of several',
    config: routed(
      'weighted-headers',
      '- route:\n  - {destination: {host: web, subset: v1}, weight: 50, headers: {response: {set: {side: left}}}}\n  - {destination: {host: web, subset: v2}, weight: 50, headers: {response: {set: {side: right}}}}',
    ),
    asks: [
      {
        ...get('weighted-headers'),
        times: 20,
        check: (all) => {
          for (const { who, headers } of all)
            expect(headers?.['side']).toBe(who === 'web v1' ? 'left' : 'right');
        },
      },
    ],
  },
  {
    feature: 'VirtualService headers: the host',
    config: routed('header-host', `- headers: {request: {set: {host: set.example}}}\n  ${V1}`),
    asks: [{ ...get('header-host'), expect: { authority: 'set.example' } }],
  },
  {
    feature: 'VirtualService redirect: prefixRewrite, and the port that the request came to',
    config: `${routed('redirect-rewrite', '- match: [{uri: {prefix: /old}}]\n  redirect: {prefixRewrite: /new}')}---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: redirect-port, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 8093, name: http, protocol: HTTP}, hosts: ["redirect-port.test"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: redirect-port, namespace: shop}
spec: {hosts: [redirect-port.test], gateways: [redirect-port], http: [{redirect: {authority: other.example, derivePort: FROM_REQUEST_PORT}}]}
`,
    asks: [
      {
        ...get('redirect-rewrite', { path: '/old/apple' }),
        expect: { status: 301, headers: { location: 'http://redirect-rewrite.test/new/apple' } },
      },
      {
        ...get('redirect-port', { to: '127.0.0.1:8093', path: '/x' }),
        expect: { status: 301, headers: { location: 'http://other.example:8093/x' } },
      },
    ],
  },
  {
    feature: 'VirtualService directResponse: bytes',
    config: routed('direct-bytes', '- directResponse: {status: 200, body: {bytes: aGVsbG8=}}'),
    asks: [{ ...get('direct-bytes'), expect: { status: 200, text: 'hello' } }],
  },
  {
    feature: 'VirtualService corsPolicy: allowOrigin of older releases, and preflights of others',
    config: `${routed('cors-old', `- corsPolicy: {allowOrigin: ["https://shop.example"], allowMethods: [GET]}\n  ${V1}`)}---
${routed('cors-ignore', `- corsPolicy: {allowOrigins: [{exact: "https://shop.example"}], unmatchedPreflights: IGNORE}\n  ${V1}`)}`,
    asks: [
      {
        ...get('cors-old', { headers: { origin: 'https://shop.example' } }),
        expect: { headers: { 'access-control-allow-origin': 'https://shop.example' } },
      },
      // Passed on, unless they are to be left to the proxy.
      { ...get('cors-old', preflight('https://evil.example')), expect: { status: 200, method: 'OPTIONS' } },
      {
        ...get('cors-ignore', preflight('https://evil.example')),
        expect: { status: 200 },
        check: async ([one], world) => {
          expect(one?.headers).not.toHaveProperty('access-control-allow-origin');
          expect(await world.seen()).toEqual([]);
        },
      },
    ],
  },
  {
    feature: 'VirtualService headers, as older releases wrote them',
    config: `${routed(
      'headers-old',
      `- appendHeaders: {first: "1"}
  appendRequestHeaders: {second: "2"}
  removeRequestHeaders: [secret]
  appendResponseHeaders: {third: "3"}
  removeResponseHeaders: [inner]
  route: [{destination: {host: web, subset: v1}, appendRequestHeaders: {fourth: "4"}, removeRequestHeaders: [key], appendResponseHeaders: {fifth: "5"}, removeResponseHeaders: [deep]}]`,
    ).replace('networking.istio.io/v1\n', 'networking.istio.io/v1alpha3\n')}`,
    asks: [
      {
        ...get('headers-old', {
          path: '/?header=inner:1&header=deep:1',
          headers: { secret: 'x', key: 'y' },
        }),
        expect: {
          received: { first: '1', second: '2', fourth: '4' },
          headers: { third: '3', fifth: '5' },
        },
        check: ([one]) => {
          expect(Object.keys(one?.received ?? {})).not.toEqual(expect.arrayContaining(['secret']));
          expect(Object.keys(one?.received ?? {})).not.toEqual(expect.arrayContaining(['key']));
          expect(one?.headers).not.toHaveProperty('inner');
          expect(one?.headers).not.toHaveProperty('deep');
        },
      },
    ],
  },
  {
    feature: 'VirtualService http.name and match.name: what the route is called, to which patches refer',
    config: `${routed('named-match', `- name: outer\n  match: [{name: inner, uri: {prefix: /in}}, {uri: {prefix: /}}]\n  ${V1}`)}---
${envoyFilter(
  'patch-named-match',
  `- applyTo: HTTP_ROUTE
  match: {context: GATEWAY, routeConfiguration: {vhost: {name: "named-match.test:80", route: {name: outer.inner}}}}
  patch: {operation: MERGE, value: {response_headers_to_add: [{header: {key: named, value: inner}}]}}
- applyTo: HTTP_ROUTE
  match: {context: GATEWAY, routeConfiguration: {vhost: {name: "named-match.test:80", route: {name: outer}}}}
  patch: {operation: MERGE, value: {response_headers_to_add: [{header: {key: named, value: outer}}]}}`,
)}`,
    asks: [
      { ...get('named-match', { path: '/in' }), expect: { status: 200, headers: { named: 'inner' } } },
      { ...get('named-match'), expect: { status: 200, headers: { named: 'outer' } } },
    ],
  },
  {
    feature: 'VirtualService match.statPrefix: requests of the rule are counted by themselves',
    config: routed('counted', `- match: [{uri: {prefix: /fruits}, statPrefix: fruits}]\n  ${V1}\n- ${V1}`),
    asks: [
      { ...get('counted', { path: '/fruits' }), times: 2, expect: { status: 200 } },
      {
        ...get('counted'),
        check: async (_all, world) => {
          const stats = {
            via: 'gateway',
            to: '127.0.0.1:25000',
            path: '/stats?filter=route.fruits',
          } as const;
          await eventually(
            () => send(world, stats),
            ([page]) =>
              /^vhost\.counted\.test:80\.route\.fruits\.upstream_rq_total: 2$/m.test(String(page?.text)),
          );
        },
      },
    ],
  },
];
