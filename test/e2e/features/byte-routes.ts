/** Routes of a VirtualService for connections: TCP, and TLS by the server name. */

import { expect } from 'vitest';
import { indented } from '../../peers/world/shop.ts';
import { expectShare } from '../../proxy/expect-share.ts';
import { type FeatureCase, shares } from './case.ts';
import { entry } from './manifests.ts';

const documents = (...texts: readonly string[]): string => texts.join('---\n');

const virtualService = (name: string, spec: string): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: shop}
spec:
${indented(spec)}
`;

export const BYTE_ROUTES: readonly FeatureCase[] = [
  {
    feature: 'VirtualService tcp: weights and match by port, through the sidecar',
    config: virtualService(
      'bytes',
      `hosts: [bytes]
tcp:
- match: [{port: 9000, sourceLabels: {app: other}}]
  route: [{destination: {host: bytes, subset: v1}}]
- match: [{port: 9000}]
  route: [{destination: {host: bytes, subset: v2}}]`,
    ),
    asks: [{ via: 'mesh', to: '10.96.0.4:9000', protocol: 'tcp', times: 8, expect: { who: 'bytes v2' } }],
  },
  {
    feature: 'VirtualService tcp at a gateway',
    config: virtualService(
      'tcp-in',
      `hosts: ["*"]
gateways: [front]
tcp: [{match: [{port: 31400}], route: [{destination: {host: bytes, port: {number: 9000}, subset: v1}, weight: 50}, {destination: {host: bytes, port: {number: 9000}, subset: v2}, weight: 50}]}]`,
    ),
    asks: [
      {
        via: 'gateway',
        to: '127.0.0.1:31400',
        protocol: 'tcp',
        times: 400,
        check: (all) => {
          expectShare(shares(all)['bytes v1'] ?? 0, 400, 0.5);
          expect(shares(all).nobody).toBeUndefined();
        },
      },
    ],
  },
  {
    feature: 'VirtualService tcp match: destinationSubnets',
    config: documents(
      entry(
        'subnets',
        'addresses: [240.2.0.0/16], resolution: STATIC, ports: [{number: 9000, name: tcp, protocol: TCP}], endpoints: [{address: 10.50.0.2}]',
      ),
      virtualService(
        'subnets',
        `hosts: [subnets.test]
tcp:
- match: [{destinationSubnets: [240.2.7.0/24], port: 9000}]
  route: [{destination: {host: bytes, port: {number: 9000}, subset: v1}}]
- route: [{destination: {host: subnets.test, port: {number: 9000}}}]`,
      ),
    ),
    asks: [
      { via: 'mesh', to: '240.2.7.7:9000', protocol: 'tcp', times: 3, expect: { who: 'bytes v1' } },
      { via: 'mesh', to: '240.2.8.8:9000', protocol: 'tcp', times: 3, expect: { who: 'outside 2' } },
    ],
  },
  {
    feature: 'VirtualService tcp match: gateways and sourceNamespace',
    config: documents(
      entry(
        'sourced',
        'addresses: [240.2.255.1], resolution: STATIC, ports: [{number: 9000, name: tcp, protocol: TCP}], endpoints: [{address: 10.50.0.2}]',
      ),
      virtualService(
        'sourced',
        `hosts: [sourced.test]
gateways: [nowhere, mesh]
tcp:
- match: [{gateways: [nowhere]}, {sourceNamespace: other}]
  route: [{destination: {host: bytes, port: {number: 9000}, subset: v1}}]
- match: [{gateways: [mesh], sourceNamespace: shop}]
  route: [{destination: {host: bytes, port: {number: 9000}, subset: v2}}]`,
      ),
    ),
    asks: [{ via: 'mesh', to: '240.2.255.1:9000', protocol: 'tcp', times: 3, expect: { who: 'bytes v2' } }],
  },
  {
    feature: 'VirtualService tls match: destinationSubnets, sourceLabels and sourceNamespace',
    config: documents(
      entry(
        'tls-subnets',
        'addresses: [240.3.0.0/16], resolution: STATIC, ports: [{number: 443, name: tls, protocol: TLS, targetPort: 8443}], endpoints: [{address: 10.50.0.1}]',
      ),
      virtualService(
        'tls-subnets',
        `hosts: [tls-subnets.test]
tls:
- match: [{sniHosts: [tls-subnets.test], sourceLabels: {app: other}}, {sniHosts: [tls-subnets.test], sourceNamespace: other}]
  route: [{destination: {host: outer.test, port: {number: 443}}}]
- match: [{sniHosts: [tls-subnets.test], destinationSubnets: [240.3.7.0/24], sourceLabels: {app: client}}]
  route: [{destination: {host: vault, port: {number: 443}}}]
- match: [{sniHosts: [tls-subnets.test]}]
  route: [{destination: {host: tls-subnets.test, port: {number: 443}}}]`,
      ),
    ),
    asks: (
      [
        ['240.3.7.7', 'vault v1'],
        ['240.3.8.8', 'outside 1'],
      ] as const
    ).map(([address, who]) => ({
      via: 'mesh',
      to: `${address}:443`,
      protocol: 'https',
      serverName: 'tls-subnets.test',
      expect: { who, serverName: 'tls-subnets.test' },
    })),
  },
  {
    feature: 'VirtualService tls by SNI at a gateway that passes it through',
    config: documents(
      virtualService(
        'passed',
        `hosts: ["*.passed.test"]
gateways: [front]
tls:
- match: [{port: 443, sniHosts: [one.passed.test]}]
  route: [{destination: {host: vault, port: {number: 443}}}]
- match: [{port: 443, sniHosts: ["*.passed.test"]}]
  route: [{destination: {host: outer.test, port: {number: 443}}}]`,
      ),
      entry(
        'outer',
        'resolution: STATIC, ports: [{number: 443, name: tls, protocol: TLS, targetPort: 8443}], endpoints: [{address: 10.50.0.1}]',
      ),
    ),
    asks: [
      {
        via: 'gateway',
        to: '127.0.0.1:443',
        protocol: 'https',
        serverName: 'one.passed.test',
        expect: { who: 'vault v1', serverName: 'one.passed.test' },
      },
      {
        via: 'gateway',
        to: '127.0.0.1:443',
        protocol: 'https',
        serverName: 'two.passed.test',
        expect: { who: 'outside 1' },
      },
      {
        via: 'gateway',
        to: '127.0.0.1:443',
        protocol: 'https',
        serverName: 'other.test',
        expect: { status: 0 },
      },
    ],
  },
  {
    feature: 'VirtualService tls by SNI through the sidecar',
    config: documents(
      `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: sni, namespace: shop}
spec: {hosts: [a.sni.test, b.sni.test], resolution: NONE, ports: [{number: 443, name: tls, protocol: TLS}]}
`,
      virtualService(
        'sni',
        `hosts: [a.sni.test]
tls: [{match: [{port: 443, sniHosts: [a.sni.test]}], route: [{destination: {host: vault, port: {number: 443}}}]}]`,
      ),
    ),
    asks: [
      {
        via: 'mesh',
        to: '10.50.0.2:443',
        protocol: 'https',
        serverName: 'a.sni.test',
        expect: { who: 'vault v1', serverName: 'a.sni.test' },
      },
    ],
  },
  {
    feature: 'VirtualService tls: weights, and the subset of a destination',
    config: documents(
      entry(
        'tls-weights',
        'location: MESH_INTERNAL, resolution: STATIC, ports: [{number: 443, name: tls, protocol: TLS, targetPort: 8443}], endpoints: [{address: 10.40.0.1, labels: {version: v1}}, {address: 10.40.0.2, labels: {version: v2}}]',
      ),
      `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: tls-weights, namespace: shop}
spec: {host: tls-weights.test, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
`,
      virtualService(
        'tls-weights',
        `hosts: [tls-weights.test]
tls:
- match: [{sniHosts: [tls-weights.test]}]
  route:
  - {destination: {host: tls-weights.test, subset: v1}, weight: 75}
  - {destination: {host: tls-weights.test, subset: v2}, weight: 25}`,
      ),
    ),
    asks: [
      {
        via: 'mesh',
        to: '10.99.9.9:443',
        protocol: 'https',
        serverName: 'tls-weights.test',
        times: 200,
        check: (all) => {
          expectShare(shares(all)['web v1'] ?? 0, 200, 0.75);
          expect(shares(all).nobody).toBeUndefined();
        },
      },
    ],
  },
];
