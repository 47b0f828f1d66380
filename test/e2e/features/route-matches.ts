/** Which requests a rule of a VirtualService takes: each field of a match, and the hosts it holds for. */

import { type FeatureCase, get } from './case.ts';
import { V1, V2, routed } from './manifests.ts';

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

const HOSTS: readonly FeatureCase[] = [
  {
    feature: 'VirtualService hosts: rules of several objects for one host, and the catch-all last',
    config: `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: merged-1, namespace: shop}
spec: {hosts: [merged.test], gateways: [shop/front], http: [{${V1}}, {match: [{uri: {prefix: /one}}], ${V2}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: merged-2, namespace: shop}
spec: {hosts: [merged.test], gateways: [front], http: [{match: [{uri: {prefix: /two}}], ${V2}}]}
`,
    asks: [
      // Within one object the first that fits wins; another object's rules stand before a catch-all.
      { via: 'gateway', host: 'merged.test', path: '/one', expect: { who: 'web v1' } },
      { via: 'gateway', host: 'merged.test', path: '/two', expect: { who: 'web v2' } },
      { via: 'gateway', host: 'merged.test', path: '/three', expect: { who: 'web v1' } },
    ],
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
      { via: 'gateway', host: 'tame.wild.test:', expect: { who: 'web v2' } },
      { via: 'gateway', host: 'tame.wild.test:http', expect: { who: 'web v2' } },
    ],
  },
  {
    feature:
      'VirtualService gateways in the forms of old releases: name.namespace, with the domain or without',
    config: `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: old-gateway, namespace: other}
spec:
  hosts: [old-gateway.test]
  gateways: [front.shop.svc.cluster.local]
  http:
  - match: [{gateways: [front.shop], uri: {prefix: /short}}]
    route: [{destination: {host: web.shop.svc.cluster.local, subset: v2}}]
  - route: [{destination: {host: web.shop.svc.cluster.local, subset: v1}}]
`,
    asks: [
      { ...get('old-gateway', { path: '/short' }), expect: { who: 'web v2' } },
      { ...get('old-gateway'), expect: { who: 'web v1' } },
    ],
  },
  {
    feature:
      'VirtualService names in capitals: requests write hosts in any case, but no service has such a name',
    config: `${routed('Capital', `- route: [{destination: {host: WEB}}]`)}`.replace(
      'name: Capital',
      'name: capital',
    ),
    asks: [
      { ...get('capital'), expect: { status: 503 } },
      { via: 'mesh', host: 'capital.test', to: '10.50.0.1:80', expect: { status: 503 } },
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
      { via: 'mesh', host: 'public.test', to: '10.50.0.1:80', expect: { who: 'web v2' } },
      // Unknown to the client: sent where it was going. There the gateway listens, which does not know it either.
      { via: 'mesh', host: 'private.test', to: '10.50.0.1:80', expect: { status: 404 } },
    ],
  },
  {
    feature: 'VirtualServices of one host: what the namespace keeps to itself goes before what all see',
    config: `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a-for-all, namespace: shop}
spec: {hosts: [ranked.test], http: [{route: [{destination: {host: web, subset: v1}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: b-own, namespace: shop}
spec: {hosts: [ranked.test], exportTo: ["."], http: [{route: [{destination: {host: web, subset: v2}}]}]}
`,
    asks: [{ via: 'mesh', host: 'ranked.test', to: '10.50.0.1:80', expect: { who: 'web v2' } }],
  },
  {
    feature: "A client's sidecar tells the server what it calls the request",
    config: `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: decorated, namespace: shop}
spec: {hosts: [decorated.test], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: web, subset: v1}}]}]}
`,
    asks: [
      {
        via: 'mesh',
        host: 'decorated.test',
        path: '/a',
        to: '10.50.0.1:80',
        expect: { received: { 'x-envoy-decorator-operation': 'web.shop.svc.cluster.local:80/a*' } },
      },
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
];

export const ROUTE_MATCHES: readonly FeatureCase[] = [...MATCHES, ...HOSTS];
