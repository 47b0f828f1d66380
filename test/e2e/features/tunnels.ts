/** Tunnels of a DestinationRule: connections go through a forward proxy that is asked to carry them on. */

import { expect } from 'vitest';
import { type FeatureCase, eventuallySeen } from './case.ts';

/** A forward proxy, at the first server outside, under an address of the case's own. */
function forwarder(name: string, address: string, policy: string): string {
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: shop}
spec: {hosts: [${name}.test], addresses: [${address}], resolution: STATIC, ports: [{number: 9000, name: tcp, protocol: TCP, targetPort: 8084}], endpoints: [{address: 10.50.0.1, labels: {version: v1}}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}, namespace: shop}
spec: {host: ${name}.test, ${policy}}
`;
}

/** Bytes come back from the second server outside, and the first was asked for it. */
function tunnelled(feature: string, name: string, last: number, method: 'CONNECT' | 'POST'): FeatureCase {
  const tunnel = `tunnel: {${method === 'POST' ? 'protocol: POST, ' : ''}targetHost: 10.50.0.2, targetPort: 9000}`;
  const to = `240.3.0.${last}`;
  return {
    feature,
    config: forwarder(name, to, `trafficPolicy: {${tunnel}}`),
    asks: [
      {
        via: 'mesh',
        to: `${to}:9000`,
        protocol: 'tcp',
        body: 'through',
        expect: { who: 'outside 2', text: expect.stringMatching(/through$/) },
        check: async (_all, world) =>
          expect(await eventuallySeen(world, 1)).toMatchObject([
            { ip: '10.50.0.1', port: 8084, method, headers: { host: '10.50.0.2:9000' } },
          ]),
      },
    ],
  };
}

export const TUNNELS: readonly FeatureCase[] = [
  tunnelled('DestinationRule tunnel: CONNECT, unless something else is said', 'tunnel', 1, 'CONNECT'),
  tunnelled('DestinationRule tunnel: POST', 'tunnel-post', 2, 'POST'),
  {
    feature: 'DestinationRule tunnel: of a subset, for TLS that a route sends there',
    config: `${forwarder('tunnel-tls', '240.3.0.3', 'trafficPolicy: {tunnel: {targetHost: 10.50.0.9, targetPort: 1}}, subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {tunnel: {protocol: CONNECT, targetHost: 10.50.0.2, targetPort: 8443}}}]')}---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: tunnelled-tls, namespace: shop}
spec: {hosts: [tunnelled-tls.test], addresses: [240.3.0.4], resolution: NONE, ports: [{number: 443, name: tls, protocol: TLS}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: tunnelled-tls, namespace: shop}
spec:
  hosts: [tunnelled-tls.test]
  tls: [{match: [{port: 443, sniHosts: [tunnelled-tls.test]}], route: [{destination: {host: tunnel-tls.test, subset: v1, port: {number: 9000}}}]}]
`,
    asks: [
      {
        via: 'mesh',
        to: '240.3.0.4:443',
        protocol: 'https',
        serverName: 'tunnelled-tls.test',
        expect: { status: 200, who: 'outside 2', serverName: 'tunnelled-tls.test' },
        check: async (_all, world) =>
          expect(await eventuallySeen(world, 2)).toContainEqual(
            expect.objectContaining({ ip: '10.50.0.1', method: 'CONNECT', path: '10.50.0.2:8443' }),
          ),
      },
    ],
  },
];
