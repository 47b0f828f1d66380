/** What a DestinationRule says of connections: how many, how long, and how they are opened. */

import { expect } from 'vitest';
import { eventually } from '../../peers/run-envoy.ts';
import { type FeatureCase, count, get, send } from './case.ts';
import { findIptables } from '../../peers/world/network.ts';
import { POLICY, entry, routed, served } from './manifests.ts';

/** A port as /proc/net/tcp has it. */
const hexadecimal = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

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
        ...get('pool-requests', { path: '/?held=yes' }),
        atOnce: 8,
        releaseAfter: 6,
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
          // Closed by the proxy, which counts it.
          await eventually(
            () =>
              send(world, {
                via: 'gateway',
                to: '127.0.0.1:25000',
                path: '/stats?filter=idle.test.*idle_timeout',
              }),
            ([stats]) => /upstream_cx_idle_timeout: [1-9]/.test(String(stats?.text)),
          );
          const [second] = await send(world, get('idle'));
          expect(second?.status).toBe(200);
          expect(second?.connection).not.toBe(first?.connection);
        },
      },
    ],
  },
  ...(['V1', 'V2'] as const).map((version, index): FeatureCase => ({
    feature: `DestinationRule proxyProtocol ${version}: the endpoint is told who called`,
    config: `${entry(`told-${version.toLowerCase()}`, `addresses: [240.0.1.${index}], resolution: STATIC, ports: [{number: 9000, name: tcp, protocol: TCP}], endpoints: [{address: 10.50.0.1}]`)}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: told-${version.toLowerCase()}, namespace: shop}
spec: {host: told-${version.toLowerCase()}.test, trafficPolicy: {proxyProtocol: {version: ${version}}}}
`,
    asks: [
      {
        via: 'mesh',
        to: `240.0.1.${index}:9000`,
        protocol: 'tcp',
        body: 'and then',
        check: ([one]) => {
          const text = String(one?.text);
          expect(text).toMatch(/and then$/);
          if (version === 'V1') expect(text).toMatch(/PROXY TCP4 [\d.]+ [\d.]+ \d+ \d+\r\nand then$/);
          // The signature; a proxied connection over TCP and IPv4; the length of what follows.
          else expect(text).toContain('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c');
        },
      },
    ],
  })),
  ...['idleTimeout', 'maxConnectionDuration'].map((field, index): FeatureCase => ({
    feature: `DestinationRule connectionPool.tcp.${field}: the proxy closes the connection`,
    config: `${entry(`tcp-${field.toLowerCase()}`, `addresses: [240.4.0.${index}], resolution: STATIC, ports: [{number: 9000, name: tcp, protocol: TCP}], endpoints: [{address: 10.50.0.1}]`)}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: tcp-${field.toLowerCase()}, namespace: shop}
spec: {host: tcp-${field.toLowerCase()}.test, trafficPolicy: {connectionPool: {tcp: {${field}: 300ms}}}}
`,
    asks: [
      {
        via: 'mesh',
        to: `240.4.0.${index}:9000`,
        protocol: 'tcp',
        body: 'stays',
        holds: true,
        expect: { who: 'outside 1', text: expect.stringMatching(/stays$/) },
      },
    ],
  })),
  {
    feature:
      'DestinationRule connectionPool.tcp.maxConnectionDuration: requests after it have a new connection',
    config: `${served('pool-duration', 'trafficPolicy: {connectionPool: {tcp: {maxConnectionDuration: 200ms}}}\nsubsets: [{name: v1, labels: {version: v1}}]', { vs: false })}---
${routed('pool-duration', '- route: [{destination: {host: pool-duration.test, subset: v1}}]')}`,
    asks: [
      {
        ...get('pool-duration'),
        check: async ([first], world) => {
          await eventually(
            () => send(world, get('pool-duration')),
            ([one]) => one?.status === 200 && one.connection !== first?.connection,
          );
        },
      },
    ],
  },
  {
    feature: 'DestinationRule connectionPool.tcp.tcpKeepalive: probes are due when it says',
    config: served(
      'keepalive',
      POLICY('{connectionPool: {tcp: {tcpKeepalive: {time: 1234s, interval: 60s, probes: 3}}}}'),
    ),
    asks: [
      {
        ...get('keepalive'),
        expect: { status: 200 },
        check: ([one], world) => {
          // From the proxy to the endpoint, by ports: which timer runs, and hundredths of a second until it is due.
          const from = hexadecimal(one?.connection ?? 0);
          const line = world
            .sockets()
            .split('\n')
            .find((text) => new RegExp(`^ *\\d+: \\w+:${from} \\w+:1F90 01 `).test(text));
          const [, timer, due = ''] = / (\d\d):(\w{8}) /.exec(line ?? '') ?? [];
          expect(timer, line).toBe('02');
          const seconds = Number.parseInt(due, 16) / 100;
          expect(seconds).toBeGreaterThan(1_100);
          expect(seconds).toBeLessThanOrEqual(1_235);
        },
      },
    ],
  },
  {
    feature:
      'DestinationRule connectionPool.tcp.tcpKeepalive: an endpoint that answers no probe is given up when it says',
    config: `${served('unheard', 'trafficPolicy: {connectionPool: {tcp: {tcpKeepalive: {time: 1s, interval: 1s, probes: 2}}}}\nsubsets: [{name: v1, labels: {version: v1}}]', { vs: false })}---
${routed('unheard', '- route: [{destination: {host: unheard.test, subset: v1}}]')}`,
    asks: [
      {
        ...get('unheard'),
        expect: { status: 200 },
        check: async ([one], world) => {
          const from = one?.connection ?? 0;
          // Nothing that the endpoint sends arrives any longer, not even that it is there.
          const rule = `INPUT -p tcp -s 10.40.0.1 --sport 8080 --dport ${from} -j DROP`.split(' ');
          await world.run([findIptables() ?? '', '-w', '-A', ...rule]);
          const start = performance.now();
          await eventually(
            () => world.sockets(),
            (sockets) => !new RegExp(`^ *\\d+: \\w+:${hexadecimal(from)} \\w+:1F90 01 `, 'm').test(sockets),
          );
          // After one second and twice one more. By the system's own 75 seconds or 9 probes it would stay longer.
          expect(performance.now() - start).toBeLessThan(8_000);
          await world.run([findIptables() ?? '', '-w', '-D', ...rule]);
        },
      },
    ],
  },
  {
    feature:
      'DestinationRule connectionPool.http.maxConcurrentStreams: requests at once need further connections',
    config: `${served('pool-streams', 'trafficPolicy: {connectionPool: {http: {maxConcurrentStreams: 1}}}\nsubsets: [{name: v1, labels: {version: v1}}]', { port: '{number: 80, name: http2, protocol: HTTP2, targetPort: 8082}', vs: false })}---
${routed('pool-streams', '- route: [{destination: {host: pool-streams.test, subset: v1}}]')}`,
    asks: [
      {
        ...get('pool-streams', { path: '/?delay=1500' }),
        atOnce: 4,
        expect: { status: 200, version: '2.0' },
        check: (all) => expect(new Set(all.map(({ connection }) => connection)).size).toBe(4),
      },
    ],
  },
  {
    feature: 'DestinationRule connectionPool.http.http2KeepAlive: the endpoint is asked whether it is there',
    config: served(
      'pool-pings',
      POLICY('{connectionPool: {http: {http2KeepAlive: {interval: 100ms, timeout: 20s}}}}'),
      {
        port: '{number: 80, name: http2, protocol: HTTP2, targetPort: 8082}',
      },
    ),
    asks: [
      {
        ...get('pool-pings'),
        expect: { status: 200 },
        check: async (_all, world) => {
          await eventually(
            () => send(world, get('pool-pings')),
            ([one]) => (one?.pings ?? 0) > 0,
          );
        },
      },
    ],
  },
  {
    feature:
      'DestinationRule connectionPool.http.h2UpgradePolicy UPGRADE, and an endpoint that speaks HTTP/1.1 only',
    config: served('upgrade-in-vain', POLICY('{connectionPool: {http: {h2UpgradePolicy: UPGRADE}}}')),
    asks: [
      {
        ...get('upgrade-in-vain'),
        expect: { status: 502, text: expect.stringContaining('reset reason: protocol error') as unknown },
      },
    ],
  },
  {
    feature: 'DestinationRule connectionPool.http.h2UpgradePolicy DO_NOT_UPGRADE',
    config: served('no-upgrade', POLICY('{connectionPool: {http: {h2UpgradePolicy: DO_NOT_UPGRADE}}}')),
    asks: [{ ...get('no-upgrade', { protocol: 'http2' }), expect: { status: 200, version: '1.1' } }],
  },
  ...(
    [
      ['little', '{percent: 0, minRetryConcurrency: 1}', 9, 10],
      ['many', '{percent: 0, minRetryConcurrency: 8}', 16, 16],
      // Eight requests fail one after the other: for the fourth as many tries wait as requests are left.
      ['shared', '{percent: 100, minRetryConcurrency: 1}', 11, 16],
      // By the time that they fail they began too long ago to count.
      ['short', '{percent: 100, minRetryConcurrency: 1, budgetInterval: 0.1s}', 9, 10],
      // Half of those that are over and those that fail are more than all that fail; half of the latter are not.
      ['long', '{percent: 50, minRetryConcurrency: 1, budgetInterval: 600s}', 16, 16],
    ] as const
  ).map(([name, budget, fewest, most]): FeatureCase => ({
    feature: `DestinationRule retryBudget ${budget}`,
    config: `${served(`budget-${name}`, `trafficPolicy: {retryBudget: ${budget}}`, { vs: false })}---
${routed(`budget-${name}`, `- retries: {attempts: 1, retryOn: 5xx}\n  route: [{destination: {host: budget-${name}.test}}]`)}`,
    asks: [
      { ...get(`budget-${name}`), times: 20, expect: { status: 200 } },
      {
        ...get(`budget-${name}`, { path: '/?status=503&delay=400' }),
        atOnce: 8,
        expect: { status: 503 },
        check: async (_all, world) => {
          const { length } = await world.seen();
          expect(length).toBeGreaterThanOrEqual(fewest);
          expect(length).toBeLessThanOrEqual(most);
        },
      },
    ],
  })),
];
