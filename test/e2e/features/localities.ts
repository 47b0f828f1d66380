/** Endpoints by where they are, as a DestinationRule weighs places. */

import { expect } from 'vitest';
import { eventually } from '../../peers/run-envoy.ts';
import type { World } from '../../peers/world/world.ts';
import { expectShare } from '../../proxy/expect-share.ts';
import { type FeatureCase, send, shares } from './case.ts';
import { routed } from './manifests.ts';

/** A service whose endpoints are in two places; the client's own sidecar is in the first. */
function placed(name: string, policy: string, more = ''): string {
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: shop}
spec:
  hosts: [${name}.test]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]
  endpoints:
  - {address: 10.40.0.1, locality: north/a, labels: {version: v9}}
  - {address: 10.40.0.2, locality: south/b, labels: {version: v2}}
${more}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}, namespace: shop}
spec: {host: ${name}.test, trafficPolicy: ${policy}}
`;
}

const OUTLIERS =
  'outlierDetection: {consecutive5xxErrors: 1, interval: 100ms, baseEjectionTime: 60s, maxEjectionPercent: 100}';

/** Waits until all requests of the client's sidecar come to one endpoint. */
async function reaches(world: World, host: string, who: string): Promise<void> {
  await eventually(
    () => send(world, { via: 'mesh', host, times: 6 }),
    (all) => shares(all)[who] === 6,
  );
}

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
        check: (_all, world) => reaches(world, 'locality.test', 'web v2'),
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
        check: (all) => expectShare(shares(all)['web v2'] ?? 0, 200, 0.8),
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
  {
    feature: 'DestinationRule localityLbSetting.failover: which region is next',
    config: placed(
      'failover',
      `{loadBalancer: {localityLbSetting: {enabled: true, failover: [{from: north, to: west}]}}, ${OUTLIERS}}`,
      '  - {address: 10.40.0.3, locality: west/c}\n',
    ),
    asks: [
      { via: 'mesh', host: 'failover.test', times: 6, expect: { who: 'web v1' } },
      { via: 'mesh', host: 'failover.test', path: '/?failsAt=10.40.0.1', times: 3 },
      {
        via: 'mesh',
        host: 'failover.test',
        check: (_all, world) => reaches(world, 'failover.test', 'api v1'),
      },
    ],
  },
  {
    feature:
      'DestinationRule localityLbSetting.failoverPriority: those whose labels are as the caller’s come first',
    config: placed(
      'labelled',
      `{loadBalancer: {localityLbSetting: {enabled: true, failoverPriority: [version]}}, ${OUTLIERS}}`,
      '  - {address: 10.40.0.3, locality: west/c, labels: {version: v1}}\n',
    ),
    asks: [{ via: 'mesh', host: 'labelled.test', times: 12, expect: { who: 'api v1' } }],
  },
  {
    feature: 'DestinationRule localityLbSetting.failoverPriority: labels of places are where endpoints run',
    config: placed(
      'by-zone',
      `{loadBalancer: {localityLbSetting: {enabled: true, failoverPriority: [topology.kubernetes.io/region, topology.kubernetes.io/zone]}}, ${OUTLIERS}}`,
      '  - {address: 10.40.0.3, locality: north/b}\n',
    ),
    asks: [{ via: 'mesh', host: 'by-zone.test', times: 12, expect: { who: 'web v1' } }],
  },
  {
    feature: 'ServiceEntry traffic-distribution: endpoints of the same zone first, without any rule',
    config: placed('close', '{}')
      .split('---')[0]
      ?.replace(
        'metadata: {name: close,',
        'metadata: {name: close, annotations: {networking.istio.io/traffic-distribution: PreferClose},',
      ) as string,
    asks: [{ via: 'mesh', host: 'close.test', times: 12, expect: { who: 'web v1' } }],
  },
  {
    feature: 'DestinationRule subsets: of a place',
    config: `${placed('by-place', '{loadBalancer: {localityLbSetting: {enabled: false}}}').replace('trafficPolicy:', 'subsets: [{name: south, labels: {topology.kubernetes.io/zone: b}}], trafficPolicy:')}---
${routed('by-place', '- route: [{destination: {host: by-place.test, subset: south}}]')}`,
    asks: [{ via: 'mesh', host: 'by-place.test', times: 12, expect: { who: 'web v2' } }],
  },
  {
    feature: 'VirtualService retries.retryRemoteLocalities: the next try goes to other places',
    config: `${placed('remote', `{${OUTLIERS.replace('consecutive5xxErrors: 1', 'consecutive5xxErrors: 1000')}}`)}---
${routed('remote', '- retries: {attempts: 2, retryOn: 5xx, retryRemoteLocalities: true}\n  route: [{destination: {host: remote.test}}]')}`,
    asks: [
      {
        via: 'mesh',
        host: 'remote.test',
        path: '/?failsAt=10.40.0.1',
        times: 10,
        expect: { status: 200, who: 'web v2' },
      },
    ],
  },
];
