/** Endpoints that a DestinationRule has left alone, because they fail. */

import { expect } from 'vitest';
import { type FeatureCase, count, get, send, shares } from './case.ts';
import { POLICY, served } from './manifests.ts';

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
];
