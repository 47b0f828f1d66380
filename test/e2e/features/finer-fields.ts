/** Fields that few use, each with what it does to requests. */

import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { type FeatureCase, routed, send, served, shares } from './case.ts';

const get = (host: string, more: object = {}) => ({ via: 'gateway', host: `${host}.test`, ...more }) as const;
const V1 = 'route: [{destination: {host: web, subset: v1}}]';
const V2 = 'route: [{destination: {host: web, subset: v2}}]';

/** A service whose endpoints are in two places; the client's own sidecar is in the first. */
function placed(name: string, policy: string): string {
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: shop}
spec:
  hosts: [${name}.test]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]
  endpoints:
  - {address: 10.40.0.1, locality: north/a}
  - {address: 10.40.0.2, locality: south/b}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}, namespace: shop}
spec: {host: ${name}.test, trafficPolicy: ${policy}}
`;
}

const OUTLIERS =
  'outlierDetection: {consecutive5xxErrors: 1, interval: 100ms, baseEjectionTime: 60s, maxEjectionPercent: 100}';

const LOCALITY: readonly FeatureCase[] = [
  {
    feature: 'DestinationRule localityLbSetting: nearby endpoints first, others when those fail',
    config: placed('locality', `{${OUTLIERS}}`),
    asks: [
      { via: 'mesh', host: 'locality.test', times: 12, expect: { who: 'web v1' } },
      { via: 'mesh', host: 'locality.test', path: '/?failsAt=10.40.0.1', times: 3 },
      {
        via: 'mesh',
        host: 'locality.test',
        check: async (_all, world) => {
          const end = Date.now() + 10_000;
          for (;;) {
            const all = await send(world, { via: 'mesh', host: 'locality.test', times: 6 });
            if (shares(all)['web v2'] === 6) return;
            expect(Date.now(), JSON.stringify(shares(all))).toBeLessThan(end);
          }
        },
      },
    ],
  },
  {
    feature: 'DestinationRule localityLbSetting.distribute',
    config: placed(
      'distribute',
      `{loadBalancer: {localityLbSetting: {enabled: true, distribute: [{from: "north/*", to: {"north/*": 20, "south/*": 80}}]}}, ${OUTLIERS}}`,
    ),
    asks: [
      {
        via: 'mesh',
        host: 'distribute.test',
        times: 200,
        check: (all) => {
          const south = shares(all)['web v2'] ?? 0;
          expect(south).toBeGreaterThan(130);
          expect(south).toBeLessThan(190);
        },
      },
    ],
  },
  {
    feature: 'DestinationRule localityLbSetting.enabled: false',
    config: placed('anywhere', `{loadBalancer: {localityLbSetting: {enabled: false}}, ${OUTLIERS}}`),
    asks: [
      {
        via: 'mesh',
        host: 'anywhere.test',
        times: 40,
        check: (all) => expect(Object.keys(shares(all)).toSorted()).toEqual(['web v1', 'web v2']),
      },
    ],
  },
];

const CONNECTIONS: readonly FeatureCase[] = [
  {
    feature: 'DestinationRule connectionPool.http.idleTimeout: a connection that is not used is closed',
    config: `${served('idle', 'trafficPolicy: {connectionPool: {http: {idleTimeout: 200ms}}}\nsubsets: [{name: v1, labels: {version: v1}}]', { vs: false })}---
${routed('idle', '- route: [{destination: {host: idle.test, subset: v1}}]')}`,
    asks: [
      {
        ...get('idle'),
        check: async ([first], world) => {
          await wait(900);
          const [second] = await send(world, get('idle'));
          expect(second?.status).toBe(200);
          expect(second?.connection).not.toBe(first?.connection);
        },
      },
    ],
  },
  {
    feature: 'DestinationRule outlierDetection.consecutiveGatewayErrors: 500 is none, 503 is one',
    config: served(
      'gateway-errors',
      'trafficPolicy: {outlierDetection: {consecutive5xxErrors: 0, consecutiveGatewayErrors: 1, interval: 100ms, baseEjectionTime: 60s, maxEjectionPercent: 100}}',
    ),
    asks: [
      { ...get('gateway-errors', { path: '/?status=500' }), times: 10, expect: { status: 500 } },
      {
        ...get('gateway-errors'),
        times: 30,
        check: (all) => expect(Object.keys(shares(all)).toSorted()).toEqual(['web v1', 'web v2']),
      },
      {
        ...get('gateway-errors', { path: '/?failsAt=10.40.0.2' }),
        times: 10,
        check: async (_all, world) => {
          const end = Date.now() + 10_000;
          for (;;) {
            const all = await send(world, { ...get('gateway-errors'), times: 10 });
            if (shares(all)['web v1'] === 10) return;
            expect(Date.now(), JSON.stringify(shares(all))).toBeLessThan(end);
          }
        },
      },
    ],
  },
  {
    feature:
      'DestinationRule outlierDetection.outlierDetectionHttpErrorCodes: 503 is none when only 404 is one',
    config: served(
      'error-codes',
      'trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, outlierDetectionHttpErrorCodes: [404], interval: 100ms, baseEjectionTime: 60s, maxEjectionPercent: 100}}',
    ),
    asks: [
      { ...get('error-codes', { path: '/?failsAt=10.40.0.2' }), times: 20 },
      {
        ...get('error-codes'),
        times: 30,
        check: (all) => expect(Object.keys(shares(all)).toSorted()).toEqual(['web v1', 'web v2']),
      },
      {
        // Each endpoint fails once, so that both are left out; Envoy then uses neither.
        ...get('error-codes', { path: '/?status=404' }),
        times: 10,
        check: async (_all, world) => {
          const end = Date.now() + 10_000;
          for (;;) {
            const all = await send(world, { ...get('error-codes'), times: 5 });
            if (all.every(({ status }) => status === 503)) return;
            expect(Date.now(), JSON.stringify(all)).toBeLessThan(end);
          }
        },
      },
    ],
  },
  {
    feature: 'DestinationRule proxyProtocol: the endpoint is told who called',
    config: `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: told-who, namespace: shop}
spec: {hosts: [told-who.test], addresses: [240.0.1.1], resolution: STATIC, ports: [{number: 9000, name: tcp, protocol: TCP}], endpoints: [{address: 10.50.0.1}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: told-who, namespace: shop}
spec: {host: told-who.test, trafficPolicy: {proxyProtocol: {version: V1}}}
`,
    asks: [
      {
        via: 'mesh',
        to: '240.0.1.1:9000',
        protocol: 'tcp',
        body: 'and then',
        expect: { text: expect.stringMatching(/PROXY TCP4 [\d.]+ [\d.]+ \d+ \d+\r\nand then$/) },
      },
    ],
  },
];

const ROUTES: readonly FeatureCase[] = [
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
    feature: 'VirtualService tcp match: destinationSubnets',
    config: `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: subnets, namespace: shop}
spec: {hosts: [subnets.test], addresses: [240.2.0.0/16], resolution: STATIC, ports: [{number: 9000, name: tcp, protocol: TCP}], endpoints: [{address: 10.50.0.2}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: subnets, namespace: shop}
spec:
  hosts: [subnets.test]
  tcp:
  - match: [{destinationSubnets: [240.2.7.0/24], port: 9000}]
    route: [{destination: {host: bytes, port: {number: 9000}, subset: v1}}]
  - route: [{destination: {host: subnets.test, port: {number: 9000}}}]
`,
    asks: [
      { via: 'mesh', to: '240.2.7.7:9000', protocol: 'tcp', times: 3, expect: { who: 'bytes v1' } },
      { via: 'mesh', to: '240.2.8.8:9000', protocol: 'tcp', times: 3, expect: { who: 'outside 2' } },
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
    feature: 'VirtualService redirect of a prefix',
    config: routed(
      'redirect-prefix',
      '- match: [{uri: {prefix: /old}}]\n  redirect: {uri: "%PREFIX()%/new", redirectCode: 308}',
    ),
    asks: [{ ...get('redirect-prefix', { path: '/old' }), expect: { status: 308 } }],
  },
];

const ENTRIES: readonly FeatureCase[] = [
  {
    feature: 'ServiceEntry DNS_ROUND_ROBIN',
    config: `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: round, namespace: shop}
spec: {hosts: [round.test], resolution: DNS_ROUND_ROBIN, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: localhost}]}
`,
    asks: [{ via: 'mesh', host: 'round.test', expect: { status: 200, who: '127.0.0.1' } }],
  },
  {
    feature: 'ServiceEntry of several hosts and ports',
    config: `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: several, namespace: shop}
spec:
  hosts: [one.several.test, two.several.test]
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}, {number: 8085, name: http2, protocol: HTTP2, targetPort: 8082}]
  endpoints: [{address: 10.50.0.1}]
`,
    asks: [
      { via: 'mesh', host: 'one.several.test', expect: { who: 'outside 1', version: '1.1' } },
      { via: 'mesh', host: 'two.several.test', expect: { who: 'outside 1' } },
      {
        via: 'mesh',
        to: '10.96.0.1:8085',
        host: 'two.several.test:8085',
        protocol: 'http2',
        expect: { who: 'outside 1', version: '2.0' },
      },
    ],
  },
];

/** Gateways whose TLS is chosen finely. */
export function finerGateways(folder: string): readonly FeatureCase[] {
  const files = `serverCertificate: ${folder}/server.crt, privateKey: ${folder}/server.key`;
  const gateway = (
    name: string,
    port: number,
    tls: string,
    protocol = 'HTTPS',
    rest = `http: [{${V1}}]`,
  ): string =>
    `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: ${port}, name: tls, protocol: ${protocol}}, hosts: ["${name}.test"], tls: {mode: SIMPLE, ${files}${tls}}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: shop}
spec: {hosts: [${name}.test], gateways: [${name}], ${rest}}
`;
  const at = (name: string, port: number, more: object = {}) =>
    ({
      via: 'gateway',
      to: `127.0.0.1:${port}`,
      protocol: 'https',
      serverName: `${name}.test`,
      host: `${name}.test`,
      ...more,
    }) as const;
  return [
    {
      feature: 'Gateway tls.minProtocolVersion',
      config: gateway('tls-newest', 9451, ', minProtocolVersion: TLSV1_3'),
      asks: [
        { ...at('tls-newest', 9451), expect: { status: 200 } },
        { ...at('tls-newest', 9451, { newestTls: 'TLSv1.2' }), expect: { status: 0 } },
      ],
    },
    {
      feature: 'Gateway tls.maxProtocolVersion and cipherSuites',
      config: gateway(
        'tls-older',
        9452,
        ', maxProtocolVersion: TLSV1_2, cipherSuites: [ECDHE-ECDSA-AES256-GCM-SHA384]',
      ),
      asks: [{ ...at('tls-older', 9452), expect: { status: 200 } }],
    },
    {
      feature: 'Gateway tls SIMPLE of bytes: TLS ends, TCP goes on',
      config: gateway(
        'tls-bytes',
        9453,
        '',
        'TLS',
        'tcp: [{route: [{destination: {host: bytes, port: {number: 9000}, subset: v2}}]}]',
      ).replace('hosts: [tls-bytes.test], gateways', 'hosts: ["tls-bytes.test"], gateways'),
      asks: [
        {
          via: 'gateway',
          to: '127.0.0.1:9453',
          protocol: 'tls',
          serverName: 'tls-bytes.test',
          body: 'inside',
          expect: { who: 'bytes v2', text: expect.stringMatching(/inside$/) },
        },
      ],
    },
  ];
}

export const FINER_FIELDS: readonly FeatureCase[] = [...LOCALITY, ...CONNECTIONS, ...ROUTES, ...ENTRIES];
