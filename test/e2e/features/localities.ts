/** Endpoints by where they are, as a DestinationRule weighs places. */

import { expect } from 'vitest';
import { type FeatureCase, send, shares } from './case.ts';

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

export const LOCALITIES: readonly FeatureCase[] = [
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
