/** What a VirtualService says, field by field, asked of a proxy with requests. */

import { expect } from 'vitest';
import { expectShare, type FeatureCase, routed, shares } from './case.ts';

const V1 = 'route: [{destination: {host: web, subset: v1}}]';
const V2 = 'route: [{destination: {host: web, subset: v2}}]';

/** Requests that the match takes go to version 2, all others to version 1. */
function matching(
  name: string,
  match: string,
  takes: readonly Partial<FeatureCase['asks'][number]>[],
  leaves: readonly Partial<FeatureCase['asks'][number]>[],
): FeatureCase {
  const host = `${name}.test`;
  return {
    feature: `VirtualService match: ${match}`,
    config: routed(name, `- match: [${match}]\n  ${V2}\n- ${V1}`),
    asks: [
      ...takes.map((one) => ({ via: 'gateway' as const, host, ...one, expect: { who: 'web v2' } })),
      ...leaves.map((one) => ({ via: 'gateway' as const, host, ...one, expect: { who: 'web v1' } })),
    ],
  };
}

const MATCHES: readonly FeatureCase[] = [
  matching(
    'uri-exact',
    '{uri: {exact: /a}}',
    [{ path: '/a' }, { path: '/a?q=1' }],
    [{ path: '/a/' }, { path: '/A' }],
  ),
  matching('uri-prefix', '{uri: {prefix: /a}}', [{ path: '/a' }, { path: '/ab/c' }], [{ path: '/b/a' }]),
  matching(
    'uri-regex',
    '{uri: {regex: "/v[0-9]+/.*"}}',
    [{ path: '/v12/x' }],
    [{ path: '/v/x' }, { path: '/a/v1/x' }],
  ),
  matching(
    'uri-case',
    '{uri: {prefix: /Apple}, ignoreUriCase: true}',
    [{ path: '/aPPLE/1' }],
    [{ path: '/pear' }],
  ),
  matching('method', '{method: {exact: POST}}', [{ method: 'POST', body: 'x' }], [{ method: 'GET' }]),
  matching('scheme', '{scheme: {exact: http}}', [{}], []),
  matching('scheme-other', '{scheme: {exact: https}}', [], [{}]),
  matching(
    'header-exact',
    '{headers: {version: {exact: "2"}}}',
    [{ headers: { version: '2' } }],
    [{ headers: { version: '22' } }, {}],
  ),
  matching(
    'header-prefix',
    '{headers: {team: {prefix: fruit}}}',
    [{ headers: { team: 'fruits' } }],
    [{ headers: { team: 'a-fruit' } }],
  ),
  matching(
    'header-regex',
    '{headers: {cookie: {regex: "^(.*; )?user=ada(;.*)?$"}}}',
    [{ headers: { cookie: 'a=1; user=ada' } }],
    [{ headers: { cookie: 'user=bob' } }],
  ),
  matching('header-present', '{headers: {tester: {}}}', [{ headers: { tester: 'any' } }], [{}]),
  matching(
    'header-both',
    '{headers: {a: {exact: "1"}, b: {exact: "2"}}}',
    [{ headers: { a: '1', b: '2' } }],
    [{ headers: { a: '1' } }],
  ),
  matching(
    'without-header',
    '{withoutHeaders: {robot: {exact: "yes"}}}',
    [{}, { headers: { robot: 'no' } }],
    [{ headers: { robot: 'yes' } }],
  ),
  matching(
    'query',
    '{queryParams: {page: {exact: "2"}}}',
    [{ path: '/?page=2' }],
    [{ path: '/?page=1' }, { path: '/' }],
  ),
  matching(
    'query-regex',
    '{queryParams: {page: {regex: "[0-9]+"}}}',
    [{ path: '/?x=1&page=77' }],
    [{ path: '/?page=x' }],
  ),
  matching('authority', '{authority: {prefix: "authority.test"}}', [{}], []),
  matching('port', '{port: 80}', [{}], []),
  matching('port-other', '{port: 81}', [], [{}]),
  matching('gateways', '{gateways: [front]}', [{}], [{ via: 'mesh' }]),
  matching('source-labels', '{sourceLabels: {app: client}}', [{ via: 'mesh' }], [{}]),
  matching('source-labels-other', '{sourceLabels: {app: other}}', [], [{ via: 'mesh' }]),
  matching('source-namespace', '{sourceNamespace: shop}', [{ via: 'mesh' }], [{}]),
  matching('source-namespace-other', '{sourceNamespace: other}', [], [{ via: 'mesh' }]),
  matching(
    'any-of',
    '{uri: {exact: /a}}, {headers: {b: {exact: "1"}}}',
    [{ path: '/a' }, { headers: { b: '1' } }],
    [{ path: '/c' }],
  ),
];

const get = (host: string, more: object = {}) => ({ via: 'gateway', host: `${host}.test`, ...more }) as const;

const ACTIONS: readonly FeatureCase[] = [
  {
    feature: 'VirtualService route weights',
    config: routed(
      'weights',
      '- route: [{destination: {host: web, subset: v1}, weight: 10}, {destination: {host: web, subset: v2}, weight: 90}]',
    ),
    asks: [
      { ...get('weights'), times: 400, check: (all) => expectShare(shares(all)['web v2'] ?? 0, 400, 0.9) },
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
    feature: 'VirtualService timeout',
    config: routed('timeout', `- timeout: 300ms\n  ${V1}`),
    asks: [
      {
        ...get('timeout', { path: '/?delay=3000' }),
        expect: { status: 504 },
        check: ([one]) => expect(one?.took).toBeLessThan(2_000),
      },
      { ...get('timeout', { path: '/?delay=10' }), expect: { status: 200 } },
    ],
  },
  {
    feature: 'VirtualService retries: as often as is said',
    config: routed('retries', `- retries: {attempts: 3, retryOn: 5xx}\n  ${V1}\n`),
    asks: [
      {
        ...get('retries', { path: '/r?fails=3&key=retries' }),
        expect: { status: 200 },
        check: async (_all, world) => expect(await world.seen()).toHaveLength(4),
      },
      {
        ...get('retries', { path: '/r?fails=9&key=retries' }),
        expect: { status: 503 },
        check: async (_all, world) => expect(await world.seen()).toHaveLength(4),
      },
    ],
  },
  {
    feature: 'VirtualService retries: none, and where nothing is said none of the answers of an application',
    config: `${routed('retries-none', `- retries: {attempts: 0}\n  ${V1}`)}---\n${routed('retries-default', `- ${V1}`)}`,
    asks: [
      { ...get('retries-none', { path: '/?fails=1&key=none' }), expect: { status: 503 } },
      // What the application itself answers is its answer; only what cannot have reached it is tried again.
      {
        ...get('retries-default', { path: '/?fails=2&key=default' }),
        expect: { status: 503 },
        check: async (_all, world) => expect(await world.seen()).toHaveLength(1),
      },
    ],
  },
  {
    feature: 'VirtualService retries: perTryTimeout',
    config: routed(
      'per-try',
      `- timeout: 10s\n  retries: {attempts: 1, perTryTimeout: 200ms, retryOn: 5xx}\n  ${V1}`,
    ),
    asks: [
      {
        ...get('per-try', { path: '/?delay=5000' }),
        expect: { status: 504 },
        check: async ([one], world) => {
          expect(one?.took).toBeLessThan(4_000);
          expect(await world.seen()).toHaveLength(2);
        },
      },
    ],
  },
  {
    feature: 'VirtualService retries: causes',
    config: routed('retry-on', `- retries: {attempts: 2, retryOn: "retriable-4xx,503"}\n  ${V1}`),
    asks: [
      {
        ...get('retry-on', { path: '/?status=409' }),
        check: async (_all, world) => expect(await world.seen()).toHaveLength(3),
      },
      {
        ...get('retry-on', { path: '/?status=500' }),
        check: async (_all, world) => expect(await world.seen()).toHaveLength(1),
      },
    ],
  },
  {
    feature: 'VirtualService fault: abort',
    config: routed('abort', `- fault: {abort: {httpStatus: 555, percentage: {value: 100}}}\n  ${V1}`),
    asks: [
      {
        ...get('abort'),
        expect: { status: 555 },
        check: async (_all, world) => expect(await world.seen()).toEqual([]),
      },
    ],
  },
  {
    feature: 'VirtualService fault: abort with a status of gRPC',
    config: routed(
      'abort-grpc',
      `- fault: {abort: {grpcStatus: RESOURCE_EXHAUSTED, percentage: {value: 100}}}\n  ${V1}`,
    ),
    asks: [
      {
        ...get('abort-grpc', {
          protocol: 'http2',
          method: 'POST',
          headers: { 'content-type': 'application/grpc', te: 'trailers' },
        }),
        expect: { status: 200, headers: { 'grpc-status': '8' } },
      },
    ],
  },
  {
    feature: 'VirtualService fault: delay',
    config: routed('delay', `- fault: {delay: {fixedDelay: 400ms, percentage: {value: 100}}}\n  ${V1}`),
    asks: [
      { ...get('delay'), expect: { status: 200 }, check: ([one]) => expect(one?.took).toBeGreaterThan(390) },
    ],
  },
  {
    feature: 'VirtualService fault: shares',
    config: routed('fault-share', `- fault: {abort: {httpStatus: 500, percentage: {value: 60}}}\n  ${V1}`),
    asks: [
      {
        ...get('fault-share'),
        times: 300,
        check: (all) => expectShare(all.filter(({ status }) => status === 500).length, 300, 0.6),
      },
    ],
  },
  {
    feature: 'VirtualService mirror',
    config: routed('mirror', `- mirror: {host: api, subset: v2}\n  ${V1}`),
    asks: [
      {
        ...get('mirror', { path: '/copied' }),
        expect: { who: 'web v1' },
        check: async (_all, world) => {
          const copies = await eventuallySeen(world, 2);
          expect(copies.find(({ ip }) => ip === '10.40.0.4')).toMatchObject({
            path: '/copied',
            headers: { host: 'mirror.test' },
          });
        },
      },
    ],
  },
  {
    feature: 'VirtualService mirrorPercentage, and several mirrors',
    config: `${routed('mirror-none', `- mirror: {host: api, subset: v2}\n  mirrorPercentage: {value: 0}\n  ${V1}`)}---
${routed('mirrors', `- mirrors: [{destination: {host: api, subset: v1}}, {destination: {host: api, subset: v2}}]\n  ${V1}`)}`,
    asks: [
      {
        ...get('mirrors'),
        check: async (_all, world) =>
          expect((await eventuallySeen(world, 3)).map(({ ip }) => ip).toSorted()).toEqual([
            '10.40.0.1',
            '10.40.0.3',
            '10.40.0.4',
          ]),
      },
      {
        ...get('mirror-none'),
        times: 5,
        check: async (_all, world) =>
          expect((await world.seen()).map(({ ip }) => ip)).toEqual(Array(5).fill('10.40.0.1')),
      },
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
    feature: 'VirtualService headers: the host',
    config: routed('header-host', `- headers: {request: {set: {host: set.example}}}\n  ${V1}`),
    asks: [{ ...get('header-host'), expect: { authority: 'set.example' } }],
  },
  {
    feature: 'VirtualService delegate',
    config: `${routed('delegating', '- match: [{uri: {prefix: /fruits}}]\n  delegate: {name: delegated, namespace: other}')}---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: delegated, namespace: other}
spec:
  http:
  - match: [{uri: {prefix: /fruits/new}}]
    route: [{destination: {host: web.shop.svc.cluster.local, subset: v2}}]
  - route: [{destination: {host: web.shop.svc.cluster.local, subset: v1}}]
`,
    asks: [
      { ...get('delegating', { path: '/fruits/new/1' }), expect: { who: 'web v2' } },
      { ...get('delegating', { path: '/fruits/old' }), expect: { who: 'web v1' } },
      { ...get('delegating', { path: '/nuts' }), expect: { status: 404 } },
    ],
  },
  {
    feature: 'VirtualService hosts: wildcards, the most specific first, with and without port',
    config: `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: wild, namespace: shop}
spec: {hosts: ["*.wild.test"], gateways: [front], http: [{${V1}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: tame, namespace: shop}
spec: {hosts: [tame.wild.test], gateways: [front], http: [{${V2}}]}
`,
    asks: [
      { via: 'gateway', host: 'any.wild.test', expect: { who: 'web v1' } },
      { via: 'gateway', host: 'a.b.wild.test:80', expect: { who: 'web v1' } },
      { via: 'gateway', host: 'tame.wild.test', expect: { who: 'web v2' } },
      { via: 'gateway', host: 'TAME.wild.test', expect: { who: 'web v2' } },
      { via: 'gateway', host: 'wild.test', expect: { status: 404 } },
    ],
  },
  {
    feature: 'VirtualService exportTo: not seen in other namespaces',
    config: `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: private, namespace: other}
spec: {hosts: [private.test], exportTo: ["."], http: [{route: [{destination: {host: web.shop.svc.cluster.local, subset: v2}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: public, namespace: other}
spec: {hosts: [public.test], exportTo: ["*"], http: [{route: [{destination: {host: web.shop.svc.cluster.local, subset: v2}}]}]}
`,
    asks: [
      { via: 'mesh', host: 'public.test', to: '10.50.0.9:80', expect: { who: 'web v2' } },
      // Unknown to the client: sent where it was going, where nobody is.
      { via: 'mesh', host: 'private.test', to: '10.50.0.9:80', expect: { status: 503 } },
    ],
  },
  {
    feature: 'VirtualService of a service of the mesh, by its short name',
    config: `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec: {hosts: [api], http: [{match: [{headers: {version: {exact: "2"}}}], route: [{destination: {host: api, subset: v2}}]}, {route: [{destination: {host: api, subset: v1}}]}]}
`,
    asks: ['api', 'api.shop', 'api.shop.svc', 'api.shop.svc.cluster.local', '10.96.0.2'].flatMap((host) => [
      { via: 'mesh' as const, to: '10.96.0.2:80', host, expect: { who: 'api v1' } },
      {
        via: 'mesh' as const,
        to: '10.96.0.2:80',
        host,
        headers: { version: '2' },
        expect: { who: 'api v2' },
      },
    ]),
  },
  {
    feature: 'VirtualService tcp: weights and match by port, through the sidecar',
    config: `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: bytes, namespace: shop}
spec:
  hosts: [bytes]
  tcp:
  - match: [{port: 9000, sourceLabels: {app: other}}]
    route: [{destination: {host: bytes, subset: v1}}]
  - match: [{port: 9000}]
    route: [{destination: {host: bytes, subset: v2}}]
`,
    asks: [{ via: 'mesh', to: '10.96.0.4:9000', protocol: 'tcp', times: 8, expect: { who: 'bytes v2' } }],
  },
  {
    feature: 'VirtualService tcp at a gateway',
    config: `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: tcp-in, namespace: shop}
spec:
  hosts: ["*"]
  gateways: [front]
  tcp: [{match: [{port: 31400}], route: [{destination: {host: bytes, port: {number: 9000}, subset: v1}, weight: 50}, {destination: {host: bytes, port: {number: 9000}, subset: v2}, weight: 50}]}]
`,
    asks: [
      {
        via: 'gateway',
        to: '127.0.0.1:31400',
        protocol: 'tcp',
        times: 200,
        check: (all) => {
          expectShare(shares(all)['bytes v1'] ?? 0, 200, 0.5);
          expect(shares(all).nobody).toBeUndefined();
        },
      },
    ],
  },
  {
    feature: 'VirtualService tls by SNI at a gateway that passes it through',
    config: `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: passed, namespace: shop}
spec:
  hosts: ["*.passed.test"]
  gateways: [front]
  tls:
  - match: [{port: 443, sniHosts: [one.passed.test]}]
    route: [{destination: {host: vault, port: {number: 443}}}]
  - match: [{port: 443, sniHosts: ["*.passed.test"]}]
    route: [{destination: {host: outer.test, port: {number: 443}}}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: outer, namespace: shop}
spec: {hosts: [outer.test], resolution: STATIC, ports: [{number: 443, name: tls, protocol: TLS, targetPort: 8443}], endpoints: [{address: 10.50.0.1}]}
`,
    asks: [
      {
        via: 'gateway',
        to: '127.0.0.1:443',
        protocol: 'https',
        serverName: 'one.passed.test',
        expect: { who: 'vault v1', serverName: 'one.passed.test' },
      },
      {
        via: 'gateway',
        to: '127.0.0.1:443',
        protocol: 'https',
        serverName: 'two.passed.test',
        expect: { who: 'outside 1' },
      },
      {
        via: 'gateway',
        to: '127.0.0.1:443',
        protocol: 'https',
        serverName: 'other.test',
        expect: { status: 0 },
      },
    ],
  },
  {
    feature: 'VirtualService tls by SNI through the sidecar',
    config: `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: sni, namespace: shop}
spec: {hosts: [a.sni.test, b.sni.test], resolution: NONE, ports: [{number: 443, name: tls, protocol: TLS}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: sni, namespace: shop}
spec:
  hosts: [a.sni.test]
  tls: [{match: [{port: 443, sniHosts: [a.sni.test]}], route: [{destination: {host: vault, port: {number: 443}}}]}]
`,
    asks: [
      {
        via: 'mesh',
        to: '10.50.0.2:443',
        protocol: 'https',
        serverName: 'a.sni.test',
        expect: { who: 'vault v1', serverName: 'a.sni.test' },
      },
    ],
  },
];

/** Copies are sent without anybody waiting for them. */
async function eventuallySeen(
  world: Parameters<NonNullable<FeatureCase['asks'][number]['check']>>[1],
  count: number,
): Promise<Awaited<ReturnType<typeof world.seen>>> {
  const all = [...(await world.seen())];
  const end = Date.now() + 10_000;
  while (all.length < count && Date.now() < end) all.push(...(await world.seen()));
  return all;
}

export const VIRTUAL_SERVICE: readonly FeatureCase[] = [...MATCHES, ...ACTIONS];

/** What the cases stand on: a gateway, and the subsets. */
export const VIRTUAL_SERVICE_BASE = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}
  - {port: {number: 31400, name: tcp, protocol: TCP}, hosts: ["*"]}
  - {port: {number: 443, name: tls, protocol: TLS}, hosts: ["*.passed.test"], tls: {mode: PASSTHROUGH}}
---
${['web', 'api', 'bytes']
  .map(
    (host) => `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${host}, namespace: shop}
spec: {host: ${host}, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
`,
  )
  .join('---\n')}`;
