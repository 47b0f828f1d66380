/** For whom a DestinationRule holds: subsets, ports, clients. */

import { expect } from 'vitest';
import { type FeatureCase, count, get } from './case.ts';
import { POLICY, routed, served } from './manifests.ts';

export const DESTINATION_RULES: readonly FeatureCase[] = [
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
    feature:
      "DestinationRule workloadSelector: one of the client's namespace for other workloads hides the service's",
    config: `${served('hidden-rule', '')}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: hidden-rule-others, namespace: shop}
spec: {host: hidden-rule.test, workloadSelector: {matchLabels: {app: nobody}}, trafficPolicy: {tls: {mode: SIMPLE}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: hidden-rule-root, namespace: istio-system}
spec: {host: hidden-rule.test, exportTo: [shop], trafficPolicy: {tls: {mode: SIMPLE}}}
`,
    asks: [{ ...get('hidden-rule', { via: 'mesh' }), expect: { status: 200 } }],
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
];
