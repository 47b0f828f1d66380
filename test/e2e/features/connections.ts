/** What a DestinationRule says of connections: how many, how long, and how they are opened. */

import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { type FeatureCase, count, get, send } from './case.ts';
import { POLICY, routed, served } from './manifests.ts';

export const CONNECTIONS: readonly FeatureCase[] = [
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
