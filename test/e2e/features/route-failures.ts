/** Time limits, retries, faults and mirrors of a VirtualService. */

import { expect } from 'vitest';
import { expectShare } from '../../proxy/expect-share.ts';
import { type FeatureCase, count, eventuallySeen, get, send } from './case.ts';
import { POLICY, V1, routed, served } from './manifests.ts';

export const ROUTE_FAILURES: readonly FeatureCase[] = [
  {
    feature: 'VirtualService timeout',
    config: `${routed('timeout', `- timeout: 300ms\n  ${V1}`)}---\n${routed('timeout-enough', `- timeout: 10s\n  ${V1}`)}`,
    asks: [
      {
        ...get('timeout', { path: '/?delay=15000' }),
        expect: { status: 504 },
        check: ([one]) => expect(one?.took).toBeLessThan(2_000),
      },
      { ...get('timeout-enough', { path: '/?delay=10' }), expect: { status: 200 } },
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
        times: 600,
        check: (all) => expectShare(count(all, 500), 600, 0.6),
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
    feature: 'VirtualService retries: at another endpoint, unless retryIgnorePreviousHosts says otherwise',
    config: ['other', 'any']
      .map(
        (which) => `${served(`retry-${which}`, POLICY('{loadBalancer: {simple: RANDOM}}'), { vs: false })}---
${routed(`retry-${which}`, `- retries: {attempts: 1, retryOn: 5xx, retryIgnorePreviousHosts: ${which === 'other'}}\n  route: [{destination: {host: retry-${which}.test}}]`)}`,
      )
      .join('---\n'),
    asks: [
      // The balancer is asked six times for an endpoint that has not failed yet.
      {
        ...get('retry-other', { path: '/?failsAt=10.40.0.2' }),
        times: 400,
        check: (all) => expectShare(count(all, 503), 400, 1 / 2 ** 7),
      },
      // A quarter of all requests meets it twice.
      {
        ...get('retry-any', { path: '/?failsAt=10.40.0.2' }),
        times: 400,
        check: (all) => expectShare(count(all, 503), 400, 1 / 4),
      },
    ],
  },
  {
    feature: 'VirtualService retries: backoff, until the next try',
    config: routed('backoff', `- retries: {attempts: 1, retryOn: 5xx, backoff: 1s}\n  ${V1}`),
    asks: [
      {
        ...get('backoff', { path: '/?status=503' }),
        atOnce: 30,
        expect: { status: 503 },
        check: async (_all, world) => {
          const tries = Map.groupBy(await world.seen(), ({ headers }) => String(headers['x-request-id']));
          expect(tries.size).toBe(30);
          const pauses = [...tries.values()].map(([first, second]) => (second?.at ?? 0) - (first?.at ?? 0));
          // Drawn by lot between nothing and a second: all below a half would be one case in a billion. By Envoy's own
          // 25 ms none is that long.
          expect(Math.max(...pauses)).toBeGreaterThan(500);
          const path = '/config_dump?resource=dynamic_route_configs';
          const [page] = await send(world, { via: 'gateway', to: '127.0.0.1:25000', path });
          expect(page?.text).toMatch(/"base_interval": "1s"/);
        },
      },
    ],
  },
  {
    feature: 'VirtualService fault, mirror: shares in whole percent, as older releases wrote them',
    config: `${routed('fault-percent', `- fault: {abort: {percent: 100, httpStatus: 555}}\n  ${V1}`)}---
${routed('delay-percent', `- fault: {delay: {percent: 0, fixedDelay: 10s}}\n  ${V1}`)}---
${routed('mirror-percent', `- mirror: {host: api, subset: v2}\n  mirrorPercent: 100\n  ${V1}`)}---
${routed('mirror-no-percent', `- mirror: {host: api, subset: v2}\n  mirror_percent: 0\n  ${V1}`)}`,
    asks: [
      { ...get('fault-percent'), expect: { status: 555 } },
      { ...get('delay-percent', { timeout: 8_000 }), expect: { status: 200 } },
      {
        ...get('mirror-percent'),
        check: async (_all, world) =>
          expect((await eventuallySeen(world, 2)).map(({ ip }) => ip)).toContain('10.40.0.4'),
      },
      {
        ...get('mirror-no-percent'),
        times: 3,
        check: async (_all, world) =>
          expect((await world.seen()).map(({ ip }) => ip)).toEqual(Array(3).fill('10.40.0.1')),
      },
    ],
  },
];
