/** Endpoints that a DestinationRule has left alone, because they fail. */

import { expect } from 'vitest';
import { eventually } from '../../peers/run-envoy.ts';
import type { World } from '../../peers/world/world.ts';
import { type FeatureCase, count, get, send, shares } from './case.ts';
import { POLICY, entry, routed, served } from './manifests.ts';

/** Waits until nothing comes to the second endpoint any more. */
async function leaves(world: World, name: string, path: string): Promise<void> {
  await eventually(
    () => send(world, { ...get(name, { path }), times: 10 }),
    (all) => count(all, 200) === 10 && shares(all)['web v1'] === 10,
  );
}

export const OUTLIERS: readonly FeatureCase[] = [
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
      // Enough that one of them comes to the second endpoint.
      {
        ...get('gateway-errors', { path: '/?failsAt=10.40.0.2' }),
        times: 40,
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
    feature: 'DestinationRule outlierDetection.consecutiveErrors, of older releases',
    config: served(
      'old-errors',
      'trafficPolicy: {outlierDetection: {consecutiveErrors: 1, interval: 100ms, baseEjectionTime: 60s, maxEjectionPercent: 100}}',
    ).replace(
      'networking.istio.io/v1\nkind: DestinationRule',
      'networking.istio.io/v1alpha3\nkind: DestinationRule',
    ),
    asks: [
      { ...get('old-errors'), check: (_all, world) => leaves(world, 'old-errors', '/?failsAt=10.40.0.2') },
    ],
  },
  {
    feature: 'DestinationRule outlierDetection.consecutiveLocalOriginFailures: endpoints that nobody reaches',
    config: `${entry('local-failures', 'location: MESH_INTERNAL, resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}], endpoints: [{address: 10.40.0.1, ports: {http: 8080}}, {address: 10.40.0.2, ports: {http: 9}}]')}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: local-failures, namespace: shop}
spec: {host: local-failures.test, trafficPolicy: {outlierDetection: {splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 1, consecutive5xxErrors: 0, interval: 100ms, baseEjectionTime: 60s, maxEjectionPercent: 100}}}
---
${routed('local-failures', '- retries: {attempts: 0}\n  route: [{destination: {host: local-failures.test}}]')}`,
    asks: [{ ...get('local-failures'), check: (_all, world) => leaves(world, 'local-failures', '/') }],
  },
  {
    feature: 'DestinationRule outlierDetection.minHealthPercent: below it all endpoints are used again',
    config: served(
      'panic',
      'trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, interval: 100ms, baseEjectionTime: 60s, maxEjectionPercent: 100, minHealthPercent: 60}}',
    ),
    asks: [
      { ...get('panic', { path: '/?failsAt=10.40.0.2' }), times: 40 },
      {
        ...get('panic'),
        times: 40,
        expect: { status: 200 },
        check: (all) => expect(Object.keys(shares(all)).toSorted()).toEqual(['web v1', 'web v2']),
      },
    ],
  },
  {
    feature:
      'DestinationRule outlierDetection.baseEjectionTime and interval: an endpoint that failed comes back',
    config: served(
      'comes-back',
      'trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}, outlierDetection: {consecutive5xxErrors: 1, interval: 100ms, baseEjectionTime: 500ms, maxEjectionPercent: 100}}',
    ),
    asks: [
      {
        ...get('comes-back'),
        check: async (_all, world) => {
          await leaves(world, 'comes-back', '/?failsAt=10.40.0.2');
          await eventually(
            () => send(world, { ...get('comes-back'), times: 10 }),
            (all) => count(all, 200) === 10 && shares(all)['web v2'] === 5,
          );
        },
      },
    ],
  },
  {
    feature: 'DestinationRule outlierDetection.maxEjectionPercent: of those that fail some stay',
    config: served(
      'some-stay',
      'trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}, outlierDetection: {consecutive5xxErrors: 1, interval: 100ms, baseEjectionTime: 60s, maxEjectionPercent: 50}}',
    ),
    asks: [
      {
        ...get('some-stay'),
        check: async (_all, world) => {
          // Both fail, but one of two is all that may be left alone.
          await eventually(
            () => send(world, { ...get('some-stay', { path: '/?status=503' }), times: 10 }),
            (all) => Object.values(shares(all)).includes(10),
          );
          const all = await send(world, { ...get('some-stay', { path: '/?status=503' }), times: 10 });
          expect(Object.keys(shares(all))).toHaveLength(1);
          expect(all[0]?.who).toMatch(/^web v/);
        },
      },
    ],
  },
  {
    feature: 'DestinationRule outlierDetection.maxEjectionPercent: by default none of two is left alone',
    config: served(
      'few',
      'trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}, outlierDetection: {consecutive5xxErrors: 1, interval: 100ms, baseEjectionTime: 60s}}',
    ),
    asks: [
      { ...get('few', { path: '/?failsAt=10.40.0.2' }), times: 20 },
      {
        ...get('few'),
        times: 20,
        check: (all) => expect(shares(all)).toEqual({ 'web v1': 10, 'web v2': 10 }),
      },
    ],
  },
];
