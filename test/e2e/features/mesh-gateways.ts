/** Gateways for the traffic of the mesh itself: mutual TLS ends there, or goes on by the name that proxies ask for. */

import { expect } from 'vitest';
import type { FeatureCase } from './case.ts';
import { POLICY, V1, served } from './manifests.ts';

const gateway = (
  name: string,
  port: number,
  hosts: string,
  tls: string,
): string => `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: shop}
spec: {selector: {istio: eastwestgateway}, servers: [{port: {number: ${port}, name: tls, protocol: ${port === 15443 ? 'TLS' : 'HTTPS'}}, hosts: [${hosts}], tls: ${tls}}]}
`;

const route = (name: string, http: string): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: shop}
spec: {hosts: [${name}.test], gateways: [${name}], http: [{${http}}]}
`;

/** Workloads that end TLS by themselves, and say so or not. */
const endpoints = (name: string, labels: string): string => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: shop}
spec:
  hosts: [${name}.shop.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8443}]
  endpoints: [{address: 10.40.0.1, labels: {version: v1${labels}}}, {address: 10.40.0.2, labels: {version: v2${labels}}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}, namespace: shop}
spec: {host: ${name}.shop.svc.cluster.local, subsets: [{name: v2, labels: {version: v2}}]}
`;

export function meshGateways(folder: string): readonly FeatureCase[] {
  const own = { certificate: { cert: `${folder}/client.crt`, key: `${folder}/client.key` } };
  const at = (port: number, serverName: string, more: object = {}) =>
    ({ via: 'gateway', to: `127.0.0.1:${port}`, protocol: 'https', serverName, ...more }) as const;
  const passed = (name: string, protocols: readonly string[]) =>
    at(15443, name, { host: 'passed.test', applicationProtocols: protocols, ...own });
  return [
    {
      feature:
        'Gateway tls ISTIO_MUTUAL: with the certificate of the proxy, for clients that show one of the mesh',
      config: `${gateway('ends-mesh', 9471, 'ends-mesh.test', '{mode: ISTIO_MUTUAL}')}---\n${route('ends-mesh', V1)}`,
      asks: [
        {
          ...at(9471, 'ends-mesh.test', { host: 'ends-mesh.test', ...own }),
          expect: {
            status: 200,
            who: 'web v1',
            received: {
              'x-forwarded-client-cert': expect.stringContaining(
                'URI=spiffe://cluster.local/ns/shop/sa/client',
              ),
            },
          },
        },
        { ...at(9471, 'ends-mesh.test', { host: 'ends-mesh.test' }), expect: { status: 0 } },
      ],
    },
    {
      feature: 'DestinationRule tls ISTIO_MUTUAL: the proxy shows its certificate, whatever MUTUAL names',
      config: `${gateway('to-mesh', 9472, '"*.to-mesh.test"', '{mode: ISTIO_MUTUAL}')}---
${['mesh', 'own']
  .map(
    (which) => `${served(
      `${which}.to-mesh`,
      POLICY(
        which === 'mesh'
          ? '{tls: {mode: ISTIO_MUTUAL, sni: backend.example, subjectAltNames: [backend.example]}}'
          : `{tls: {mode: MUTUAL, sni: backend.example, clientCertificate: ${folder}/client.crt, privateKey: ${folder}/client.key, caCertificates: ${folder}/client.crt}}`,
      ),
      { port: '{number: 80, name: http, protocol: HTTP, targetPort: 8443}', vs: false },
    )}---
${route(`${which}.to-mesh`, `route: [{destination: {host: ${which}.to-mesh.test}}]`).replace('gateways: [mesh.to-mesh]', 'gateways: [to-mesh]').replace('gateways: [own.to-mesh]', 'gateways: [to-mesh]')}`,
  )
  .join('---\n')}`,
      asks: ['mesh.to-mesh.test', 'own.to-mesh.test'].map((host) => ({
        ...at(9472, host, { host, ...own }),
        expect: { status: 200, client: 'east.example', serverName: 'backend.example' },
      })),
    },
    {
      feature:
        'Gateway tls AUTO_PASSTHROUGH: to the cluster that the server name spells, for proxies of the mesh',
      config: `${gateway('passes-on', 15443, '"*.local"', '{mode: AUTO_PASSTHROUGH}')}---
${endpoints('passed', ', security.istio.io/tlsMode: istio')}---
${endpoints('unable', '')}`,
      asks: [
        {
          ...passed('outbound_.80_._.passed.shop.svc.cluster.local', ['istio']),
          times: 40,
          expect: { status: 200, client: 'client.example' },
          check: (all) => expect(new Set(all.map(({ who }) => who)).size).toBe(2),
        },
        {
          ...passed('outbound_.80_.v2_.passed.shop.svc.cluster.local', ['istio-h2', 'istio']),
          times: 4,
          expect: { status: 200, who: 'web v2' },
        },
        // TLS of others, hosts that nobody has, and workloads that would take TLS for something else.
        {
          ...passed('outbound_.80_._.passed.shop.svc.cluster.local', ['http/1.1']),
          expect: { status: 0 },
        },
        { ...passed('outbound_.81_._.passed.shop.svc.cluster.local', ['istio']), expect: { status: 0 } },
        { ...passed('outbound_.80_._.unable.shop.svc.cluster.local', ['istio']), expect: { status: 0 } },
      ],
    },
  ];
}
