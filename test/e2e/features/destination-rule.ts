/** What a DestinationRule says, field by field, asked of a proxy with requests. */

import { expect } from 'vitest';
import type { Seen } from './case.ts';
import { type FeatureCase, routed, send, served, shares } from './case.ts';

const get = (host: string, more: object = {}) => ({ via: 'gateway', host: `${host}.test`, ...more }) as const;

const POLICY = (text: string): string => `trafficPolicy: ${text}`;

function count(outcomes: readonly Seen[], status: number): number {
  return outcomes.filter((one) => one.status === status).length;
}

/** Requests of one kind all go to the same endpoint, and many kinds use both. */
function sticks(name: string, hash: string, kind: (value: number) => object, flag = ''): FeatureCase {
  return {
    feature: `DestinationRule consistentHash: ${hash}${flag}`,
    config: served(name, POLICY(`{loadBalancer: {consistentHash: {${hash}}}}`)),
    asks: [
      {
        ...get(name, kind(1)),
        times: 12,
        check: async (all, world) => {
          expect(Object.keys(shares(all))).toHaveLength(1);
          const others: Seen[] = [];
          for (let value = 2; value < 30; value++)
            others.push(...(await send(world, get(name, kind(value)))));
          expect(Object.keys(shares(others)).toSorted()).toEqual(['web v1', 'web v2']);
        },
      },
    ],
  };
}

const both = (all: readonly Seen[]): void =>
  expect(Object.keys(shares(all)).toSorted()).toEqual(['web v1', 'web v2']);

const BALANCING: readonly FeatureCase[] = [
  ...['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM'].map((simple): FeatureCase => {
    const name = `lb-${simple.toLowerCase().replace('_', '-')}`;
    return {
      feature: `DestinationRule loadBalancer.simple ${simple}`,
      config: served(name, POLICY(`{loadBalancer: {simple: ${simple}}}`)),
      asks: [
        {
          ...get(name),
          times: 40,
          check: (all) => {
            both(all);
            if (simple === 'ROUND_ROBIN') expect(shares(all)).toEqual({ 'web v1': 20, 'web v2': 20 });
          },
        },
      ],
    };
  }),
  sticks('hash-header', 'httpHeaderName: user', (value) => ({ headers: { user: `user-${value}` } })),
  sticks('hash-query', 'httpQueryParameterName: user', (value) => ({ path: `/?user=user-${value}` })),
  sticks('hash-ring', 'httpHeaderName: user, ringHash: {minimumRingSize: 4096}', (value) => ({
    headers: { user: `user-${value}` },
  })),
  sticks('hash-maglev', 'httpHeaderName: user, maglev: {tableSize: 1009}', (value) => ({
    headers: { user: `user-${value}` },
  })),
  {
    feature: 'DestinationRule consistentHash: a cookie that is made where there is none',
    config: served(
      'hash-cookie',
      POLICY('{loadBalancer: {consistentHash: {httpCookie: {name: user, ttl: 60s, path: /}}}}'),
    ),
    asks: [
      {
        ...get('hash-cookie'),
        check: async ([one], world) => {
          const [cookie = ''] = (one?.headers?.['set-cookie'] ?? []) as readonly string[];
          expect(cookie).toMatch(/^user="?[0-9a-f]+"?; Max-Age=60; Path=\/; HttpOnly$/);
          const again = await send(world, {
            ...get('hash-cookie', { headers: { cookie: cookie.split(';')[0] ?? '' } }),
            times: 10,
          });
          expect(Object.keys(shares(again))).toEqual([one?.who]);
          expect(again[0]?.headers).not.toHaveProperty('set-cookie');
        },
      },
    ],
  },
  {
    feature: 'DestinationRule consistentHash: the address of the client',
    config: served('hash-source', POLICY('{loadBalancer: {consistentHash: {useSourceIp: true}}}')),
    asks: [
      { ...get('hash-source'), times: 12, check: (all) => expect(Object.keys(shares(all))).toHaveLength(1) },
      {
        ...get('hash-source', { from: '127.0.0.2' }),
        check: async (first, world) => {
          const all = [...first];
          for (let last = 3; last < 30; last++) {
            all.push(...(await send(world, get('hash-source', { from: `127.0.0.${last}` }))));
          }
          both(all);
        },
      },
    ],
  },
];

const LIMITS: readonly FeatureCase[] = [
  {
    feature:
      'DestinationRule connectionPool.tcp.maxConnections and http1MaxPendingRequests: the rest is refused',
    config: served(
      'pool',
      POLICY('{connectionPool: {tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 1}}}'),
    ),
    asks: [
      {
        ...get('pool', { path: '/?delay=400' }),
        atOnce: 12,
        check: (all) => {
          expect(count(all, 503)).toBeGreaterThan(0);
          expect(count(all, 200)).toBeGreaterThan(0);
          expect(all.find(({ status }) => status === 503)?.text).toContain('overflow');
        },
      },
    ],
  },
  {
    feature: 'DestinationRule connectionPool.http.http2MaxRequests',
    config: served('pool-requests', POLICY('{connectionPool: {http: {http2MaxRequests: 2}}}')),
    asks: [
      {
        ...get('pool-requests', { path: '/?delay=400' }),
        atOnce: 8,
        check: (all) => {
          expect(count(all, 200)).toBe(2);
          expect(count(all, 503)).toBe(6);
        },
      },
    ],
  },
  {
    feature: 'DestinationRule connectionPool.http.maxRequestsPerConnection: a connection for each',
    config: served(
      'pool-one',
      `${POLICY('{connectionPool: {http: {maxRequestsPerConnection: 1}}}')}\nsubsets: [{name: v1, labels: {version: v1}}]`,
    ),
    asks: [
      {
        ...get('pool-one'),
        times: 3,
        expect: { status: 200 },
        check: (all) => expect(new Set(all.map(({ connection }) => connection)).size).toBe(3),
      },
    ],
  },
  {
    feature: 'DestinationRule connectionPool.http.maxRetries: bounds the tries under way at once',
    config: `${served('pool-retries', POLICY('{connectionPool: {http: {maxRetries: 1}}}'), { vs: false })}---\n${routed('pool-retries', '- retries: {attempts: 3, retryOn: 5xx}\n  route: [{destination: {host: pool-retries.test}}]')}`,
    asks: [{ ...get('pool-retries', { path: '/?fails=2&key=pool-retries' }), expect: { status: 200 } }],
  },
  {
    feature: 'DestinationRule connectionPool.tcp.connectTimeout',
    config: `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: slow, namespace: shop}
spec: {hosts: [slow.test], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}], endpoints: [{address: 10.99.0.1}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: slow, namespace: shop}
spec: {host: slow.test, trafficPolicy: {connectionPool: {tcp: {connectTimeout: 200ms}}}}
---
${routed('slow', '- retries: {attempts: 0}\n  route: [{destination: {host: slow.test}}]')}`,
    asks: [
      { ...get('slow'), expect: { status: 503 }, check: ([one]) => expect(one?.took).toBeLessThan(2_000) },
    ],
  },
  {
    feature: 'DestinationRule connectionPool.http.h2UpgradePolicy: HTTP/2 to the endpoint',
    config: served('upgrade', POLICY('{connectionPool: {http: {h2UpgradePolicy: UPGRADE}}}'), {
      port: '{number: 80, name: http, protocol: HTTP, targetPort: 8082}',
    }),
    asks: [{ ...get('upgrade'), expect: { status: 200, version: '2.0' } }],
  },
  {
    feature: 'DestinationRule connectionPool.http.useClientProtocol',
    config: served('client-protocol', POLICY('{connectionPool: {http: {useClientProtocol: true}}}'), {
      port: '{number: 80, name: http, protocol: HTTP, targetPort: 8082}',
    }),
    asks: [
      { ...get('client-protocol', { protocol: 'http2' }), expect: { status: 200, version: '2.0' } },
      { ...get('client-protocol'), expect: { status: 502 } },
    ],
  },
  {
    feature: 'DestinationRule outlierDetection: an endpoint that fails is left alone',
    config: served(
      'outlier',
      POLICY(
        '{loadBalancer: {simple: ROUND_ROBIN}, outlierDetection: {consecutive5xxErrors: 2, interval: 200ms, baseEjectionTime: 60s, maxEjectionPercent: 100}}',
      ),
    ),
    asks: [
      {
        ...get('outlier', { path: '/?failsAt=10.40.0.2' }),
        times: 10,
        check: async (_all, world) => {
          const end = Date.now() + 10_000;
          for (;;) {
            const all = await send(world, { ...get('outlier', { path: '/?failsAt=10.40.0.2' }), times: 10 });
            if (count(all, 200) === 10 && shares(all)['web v1'] === 10) return;
            expect(Date.now(), JSON.stringify(shares(all))).toBeLessThan(end);
          }
        },
      },
    ],
  },
];

const REST: readonly FeatureCase[] = [
  {
    feature: 'DestinationRule subsets: labels choose endpoints, and the policy of a subset wins',
    config: `${served('subset', 'subsets:\n- {name: v2, labels: {version: v2}}\n- {name: none, labels: {version: v9}}\n- {name: small, labels: {version: v1}, trafficPolicy: {connectionPool: {http: {http2MaxRequests: 1}}}}', { vs: false })}---
${routed(
  'subset',
  `- match: [{uri: {prefix: /none}}]
  route: [{destination: {host: subset.test, subset: none}}]
- match: [{uri: {prefix: /small}}]
  route: [{destination: {host: subset.test, subset: small}}]
- route: [{destination: {host: subset.test, subset: v2}}]`,
)}`,
    asks: [
      { ...get('subset'), times: 6, expect: { who: 'web v2' } },
      {
        ...get('subset', { path: '/none' }),
        expect: { status: 503, text: expect.stringContaining('no healthy upstream') },
      },
      {
        ...get('subset', { path: '/small?delay=300' }),
        atOnce: 4,
        check: (all) => {
          expect(count(all, 200)).toBe(1);
          expect(count(all, 503)).toBe(3);
        },
      },
    ],
  },
  {
    feature: 'DestinationRule portLevelSettings: for one port, in place of the rest',
    config: served(
      'port-level',
      POLICY(
        '{connectionPool: {http: {http2MaxRequests: 1}}, portLevelSettings: [{port: {number: 80}, connectionPool: {http: {http2MaxRequests: 100}}}]}',
      ),
    ),
    asks: [{ ...get('port-level', { path: '/?delay=200' }), atOnce: 6, expect: { status: 200 } }],
  },
  {
    feature: 'DestinationRule exportTo: one of another namespace that keeps to itself is not seen',
    config: `${served('export', POLICY('{loadBalancer: {simple: ROUND_ROBIN}}'))}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: export, namespace: other}
spec: {host: export.test, exportTo: ["."], trafficPolicy: {tls: {mode: SIMPLE}}}
`,
    asks: [{ ...get('export'), expect: { status: 200 } }],
  },
  {
    feature: 'DestinationRule workloadSelector: for some clients only',
    config: `${served('selected', POLICY('{loadBalancer: {simple: ROUND_ROBIN}}'))}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: selected-client, namespace: shop}
spec: {host: selected.test, workloadSelector: {matchLabels: {app: client}}, trafficPolicy: {connectionPool: {http: {http2MaxRequests: 1}}}}
`,
    asks: [
      { ...get('selected', { path: '/?delay=200' }), atOnce: 4, expect: { status: 200 } },
      {
        ...get('selected', { path: '/?delay=200', via: 'mesh' }),
        atOnce: 4,
        check: (all) => expect(count(all, 503)).toBe(3),
      },
    ],
  },
  {
    feature: 'DestinationRule tls SIMPLE, with the name that is asked for',
    config: served(
      'tls-simple',
      POLICY('{tls: {mode: SIMPLE, sni: named.example, insecureSkipVerify: true}}'),
      {
        port: '{number: 80, name: http, protocol: HTTP, targetPort: 8443}',
      },
    ),
    asks: [{ ...get('tls-simple'), expect: { status: 200, serverName: 'named.example' } }],
  },
  {
    feature: 'DestinationRule tls DISABLE',
    config: served('tls-off', POLICY('{tls: {mode: DISABLE}}')),
    asks: [{ ...get('tls-off'), expect: { status: 200 } }],
  },
];

/** Those that name files of certificates, which the world makes. */
export function certificateCases(folder: string): readonly FeatureCase[] {
  const port = { port: '{number: 80, name: http, protocol: HTTP, targetPort: 8443}' };
  return [
    {
      feature: 'DestinationRule tls SIMPLE: a certificate that is checked',
      config: `${served('tls-checked', POLICY(`{tls: {mode: SIMPLE, sni: backend.example, caCertificates: ${folder}/server.crt, subjectAltNames: [backend.example]}}`), port)}---
${served('tls-wrong', POLICY(`{tls: {mode: SIMPLE, sni: backend.example, caCertificates: ${folder}/server.crt, subjectAltNames: [other.example]}}`), port)}---
${served('tls-stranger', POLICY(`{tls: {mode: SIMPLE, sni: backend.example, caCertificates: ${folder}/client.crt}}`), port)}`,
      asks: [
        { ...get('tls-checked'), expect: { status: 200, serverName: 'backend.example', client: '' } },
        { ...get('tls-wrong'), expect: { status: 503 } },
        { ...get('tls-stranger'), expect: { status: 503 } },
      ],
    },
    {
      feature: 'DestinationRule tls MUTUAL: the client shows a certificate',
      config: served(
        'tls-mutual',
        POLICY(
          `{tls: {mode: MUTUAL, sni: backend.example, clientCertificate: ${folder}/client.crt, privateKey: ${folder}/client.key, caCertificates: ${folder}/server.crt}}`,
        ),
        port,
      ),
      asks: [{ ...get('tls-mutual'), expect: { status: 200, client: 'client.example' } }],
    },
  ];
}

export const DESTINATION_RULE: readonly FeatureCase[] = [...BALANCING, ...LIMITS, ...REST];
