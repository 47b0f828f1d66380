/** What a ServiceEntry says, field by field. */

import { expect } from 'vitest';
import { type FeatureCase, shares } from './case.ts';
import { entry } from './manifests.ts';

export const SERVICE_ENTRIES: readonly FeatureCase[] = [
  {
    feature: 'ServiceEntry STATIC, with a port of each endpoint and weights',
    config: `${entry('se-static', 'resolution: STATIC, location: MESH_EXTERNAL, ports: [{number: 80, name: http, protocol: HTTP}], endpoints: [{address: 10.50.0.1, ports: {http: 8080}, weight: 4}, {address: 10.50.0.2, ports: {http: 8080}, weight: 1}]')}`,
    asks: [
      {
        via: 'mesh',
        host: 'se-static.test',
        times: 200,
        expect: { status: 200 },
        check: (all) => {
          const { 'outside 1': one = 0, 'outside 2': two = 0 } = shares(all);
          expect(one + two).toBe(200);
          expect(one).toBeGreaterThan(130);
          expect(two).toBeGreaterThan(15);
        },
      },
    ],
  },
  {
    feature: 'ServiceEntry with an address of its own: TCP by address',
    config: entry(
      'se-address',
      'addresses: [240.0.0.9/32], resolution: STATIC, ports: [{number: 9000, name: tcp, protocol: TCP}], endpoints: [{address: 10.50.0.2}]',
    ),
    asks: [{ via: 'mesh', to: '240.0.0.9:9000', protocol: 'tcp', expect: { who: 'outside 2' } }],
  },
  {
    feature: 'ServiceEntry DNS: endpoints by name',
    config: entry(
      'se-dns',
      'resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: localhost}]',
    ),
    asks: [{ via: 'mesh', host: 'se-dns.test', expect: { status: 200, who: '127.0.0.1' } }],
  },
  {
    feature: 'ServiceEntry NONE: where the caller was going',
    config: entry(
      'se-none',
      'resolution: NONE, location: MESH_EXTERNAL, ports: [{number: 8080, name: http, protocol: HTTP}]',
    ),
    asks: [{ via: 'mesh', to: '10.50.0.2:8080', host: 'se-none.test:8080', expect: { who: 'outside 2' } }],
  },
  {
    feature: 'ServiceEntry NONE with a targetPort: the address where the caller was going, at another port',
    config: entry(
      'se-none-port',
      'resolution: NONE, location: MESH_EXTERNAL, ports: [{number: 8097, name: http, protocol: HTTP, targetPort: 8080}]',
    ),
    asks: [
      { via: 'mesh', to: '10.50.0.2:8097', host: 'se-none-port.test:8097', expect: { who: 'outside 2' } },
    ],
  },
  {
    feature: 'ServiceEntry by TLS and SNI',
    config: entry(
      'se-tls',
      'resolution: STATIC, ports: [{number: 443, name: tls, protocol: TLS, targetPort: 8443}], endpoints: [{address: 10.50.0.1}]',
    ),
    asks: [
      {
        via: 'mesh',
        to: '10.99.9.9:443',
        protocol: 'https',
        serverName: 'se-tls.test',
        expect: { who: 'outside 1', serverName: 'se-tls.test' },
      },
    ],
  },
  {
    feature: 'ServiceEntry workloadSelector and WorkloadEntry, and pods',
    config: `${entry('se-selected', 'resolution: STATIC, location: MESH_INTERNAL, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], workloadSelector: {labels: {kind: machine}}')}---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: machine, namespace: shop}
spec: {address: 10.50.0.2, labels: {kind: machine}}
---
${entry('se-pods', 'resolution: STATIC, location: MESH_INTERNAL, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], workloadSelector: {labels: {app: api, version: v2}}')}`,
    asks: [
      { via: 'mesh', host: 'se-selected.test', times: 3, expect: { who: 'outside 2' } },
      { via: 'mesh', host: 'se-pods.test', times: 3, expect: { who: 'api v2' } },
    ],
  },
  {
    feature: 'ServiceEntries of one host: the endpoints of all',
    config: `${entry('se-twice', 'resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: 10.50.0.1}]')}---
${entry('se-twice', 'resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: 10.50.0.2}]').replace('name: se-twice', 'name: se-twice-more')}`,
    asks: [
      {
        via: 'mesh',
        host: 'se-twice.test',
        times: 40,
        check: (all) =>
          expect(new Set(all.map(({ who }) => who))).toEqual(new Set(['outside 1', 'outside 2'])),
      },
    ],
  },
  {
    feature: 'WorkloadEntry ports, weight and locality',
    config: `${entry('we-weighed', 'resolution: STATIC, location: MESH_INTERNAL, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 9999}], workloadSelector: {labels: {kind: weighed}}')}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: we-weighed, namespace: shop}
spec: {host: we-weighed.test, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN, localityLbSetting: {distribute: [{from: "*", to: {"north/*": 100}}]}}}}
${[
  ['10.50.0.1', 'north/a', 4],
  ['10.50.0.2', 'north/a', 1],
  ['10.40.0.1', 'south/c', 9],
]
  .map(
    ([address, locality, weight], index) => `---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: weighed-${index}, namespace: shop}
spec: {address: ${address}, ports: {http: 8080}, weight: ${weight}, locality: ${locality}, labels: {kind: weighed}}
`,
  )
  .join('')}`,
    asks: [
      {
        via: 'mesh',
        host: 'we-weighed.test',
        times: 200,
        expect: { status: 200 },
        check: (all) => {
          const { 'outside 1': one = 0, 'outside 2': two = 0 } = shares(all);
          expect(one + two).toBe(200);
          expect(Math.abs(one - 160)).toBeLessThan(5);
        },
      },
    ],
  },
  {
    feature: 'ServiceEntry of another name for a service of Kubernetes (W4.3)',
    config: entry(
      'se-alias',
      'resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: 10.40.1.1}]',
    ),
    asks: [{ via: 'mesh', host: 'se-alias.test', expect: { who: 'nuts v1' } }],
  },
  {
    feature: 'ServiceEntry exportTo: not seen by others',
    config: `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: se-hidden, namespace: other}
spec: {hosts: [se-hidden.test], exportTo: ["."], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: 10.50.0.2}]}
`,
    asks: [{ via: 'mesh', to: '10.50.0.1:8080', host: 'se-hidden.test', expect: { who: 'outside 1' } }],
  },
  {
    feature: 'ServiceEntry wildcard host: to where the caller was going',
    config: `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: se-wild, namespace: shop}
spec: {hosts: ["*.se-wild.test"], resolution: NONE, ports: [{number: 8080, name: http, protocol: HTTP}]}
`,
    asks: [{ via: 'mesh', to: '10.50.0.1:8080', host: 'any.se-wild.test', expect: { who: 'outside 1' } }],
  },
  {
    feature: 'ServiceEntry DNS_ROUND_ROBIN',
    config: `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: round, namespace: shop}
spec: {hosts: [round.test], resolution: DNS_ROUND_ROBIN, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], endpoints: [{address: localhost}]}
`,
    asks: [{ via: 'mesh', host: 'round.test', expect: { status: 200, who: '127.0.0.1' } }],
  },
  {
    feature: 'ServiceEntry of several hosts and ports',
    config: `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: several, namespace: shop}
spec:
  hosts: [one.several.test, two.several.test]
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}, {number: 8085, name: http2, protocol: HTTP2, targetPort: 8082}]
  endpoints: [{address: 10.50.0.1}]
`,
    asks: [
      { via: 'mesh', host: 'one.several.test', expect: { who: 'outside 1', version: '1.1' } },
      { via: 'mesh', host: 'two.several.test', expect: { who: 'outside 1' } },
      {
        via: 'mesh',
        to: '10.96.0.1:8085',
        host: 'two.several.test:8085',
        protocol: 'http2',
        expect: { who: 'outside 1', version: '2.0' },
      },
    ],
  },
];

/** Endpoints that are Unix domain sockets: the backends listen at one in the folder. */
export function socketCases(folder: string): readonly FeatureCase[] {
  const path = `${folder}/backend`;
  return [
    {
      feature: 'ServiceEntry: an endpoint that is a Unix domain socket',
      config: entry(
        'se-socket',
        `resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}], endpoints: [{address: "unix://${path}"}]`,
      ),
      asks: [
        { via: 'mesh', host: 'se-socket.test', path: '/x', expect: { status: 200, who: path, path: '/x' } },
      ],
    },
    {
      feature: 'WorkloadEntry: a workload behind a Unix domain socket',
      config: `${entry('we-socket', 'resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}], workloadSelector: {labels: {kind: socket}}')}---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: socket, namespace: shop}
spec: {address: "unix://${path}", labels: {kind: socket}}
`,
      asks: [{ via: 'mesh', host: 'we-socket.test', times: 2, expect: { status: 200, who: path } }],
    },
  ];
}
