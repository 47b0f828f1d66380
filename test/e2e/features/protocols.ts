/** What is spoken on a port, told or found out, and what becomes of connections that no service takes. */

import { expect } from 'vitest';
import { SERVICES, service } from '../../peers/world/shop.ts';
import { type FeatureCase, get } from './case.ts';
import { V1, routed } from './manifests.ts';

export const PROTOCOLS: readonly FeatureCase[] = [
  {
    feature: 'HTTP/1.1: by the name of the port',
    asks: [{ via: 'mesh', to: `${SERVICES.web}:80`, host: 'web', expect: { status: 200, version: '1.1' } }],
  },
  {
    feature: 'HTTP/1.1: upgrades to websocket',
    asks: [
      {
        via: 'mesh',
        to: `${SERVICES.web}:80`,
        host: 'web',
        headers: { connection: 'Upgrade', upgrade: 'websocket' },
        expect: { status: 101 },
      },
    ],
  },
  {
    feature: 'HTTP/2 and gRPC: by the name of the port, with trailers',
    asks: [
      {
        via: 'mesh',
        to: `${SERVICES.rpc}:80`,
        host: 'rpc',
        protocol: 'http2',
        method: 'POST',
        path: '/fruits.Shop/Buy',
        headers: { 'content-type': 'application/grpc', te: 'trailers' },
        expect: { status: 200, who: 'rpc v1', version: '2.0', trailers: { 'grpc-status': '0' } },
      },
    ],
  },
  {
    feature: 'HTTP/2 at a gateway, HTTP/1.1 behind it',
    config: routed('two-to-one', `- ${V1}`),
    asks: [{ ...get('two-to-one', { protocol: 'http2' }), expect: { status: 200, version: '1.1' } }],
  },
  {
    feature: 'appProtocol: HTTP/2 where the name of the port says nothing',
    asks: [
      {
        via: 'mesh',
        to: `${SERVICES.told}:7071`,
        host: 'told:7071',
        expect: { status: 200, version: '2.0' },
      },
    ],
  },
  {
    feature: 'protocol detection: HTTP/1.1, and bytes, on a port that says nothing',
    asks: [
      {
        via: 'mesh',
        to: `${SERVICES.guess}:7070`,
        host: 'guess:7070',
        expect: { who: 'api v1', headers: { server: 'envoy' } },
      },
      {
        via: 'mesh',
        to: `${SERVICES.guess}:7070`,
        protocol: 'tcp',
        body: 'neither\r\nthis\r\nnor that\r\n\r\n',
        // The backend speaks HTTP and says so.
        check: ([one]) => expect(one?.text).toContain('HTTP/1.1 400'),
      },
    ],
  },
  {
    feature: 'TCP: bytes, and a server that speaks first',
    asks: [
      {
        via: 'mesh',
        to: `${SERVICES.bytes}:9000`,
        protocol: 'tcp',
        body: 'some bytes',
        expect: { text: expect.stringMatching(/some bytes$/) },
      },
      { via: 'mesh', to: `${SERVICES.greeter}:2525`, protocol: 'tcp', expect: { who: 'bytes v1' } },
    ],
  },
  {
    feature: 'TLS: passed through to the service',
    asks: [
      {
        via: 'mesh',
        to: `${SERVICES.vault}:443`,
        protocol: 'https',
        serverName: 'vault.shop.svc.cluster.local',
        expect: { who: 'vault v1', serverName: 'vault.shop.svc.cluster.local' },
      },
    ],
  },
  {
    feature: 'inbound: to the workload itself, which sees who called through the proxy',
    asks: [
      {
        via: 'workload',
        host: 'client',
        path: '/in',
        expect: { status: 200, who: 'client v1', path: '/in' },
      },
      // A port that no service names.
      {
        via: 'workload',
        to: '10.40.0.11:9000',
        protocol: 'tcp',
        body: 'no\r\nHTTP\r\n',
        expect: { who: 'client v1' },
      },
    ],
  },
  {
    feature: 'outbound policy ALLOW_ANY: to servers that the mesh does not know',
    asks: [
      {
        via: 'mesh',
        to: '10.50.0.1:8080',
        host: 'unknown.example',
        expect: { status: 200, who: 'outside 1' },
      },
      { via: 'mesh', to: '10.50.0.1:9000', protocol: 'tcp', expect: { who: 'outside 1' } },
      {
        via: 'mesh',
        to: '10.50.0.1:8443',
        protocol: 'https',
        serverName: 'unknown.example',
        expect: { who: 'outside 1' },
      },
    ],
  },
  {
    feature: 'tracing headers: a request has an id, made or kept, and it is passed on',
    config: routed('request-id', `- ${V1}`),
    asks: [
      {
        ...get('request-id'),
        expect: { received: { 'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/) } },
      },
      {
        via: 'mesh',
        host: 'request-id.test',
        headers: { 'x-request-id': '11111111-2222-4333-8444-555555555555' },
        expect: { received: { 'x-request-id': '11111111-2222-4333-8444-555555555555' } },
      },
    ],
  },
  {
    feature: 'gRPC-Web: by the protocol of the port, gRPC behind it',
    config: `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: grpc-web, namespace: shop}
spec: {hosts: [grpc-web.test], location: MESH_INTERNAL, resolution: STATIC, ports: [{number: 8087, name: grpc-web, protocol: GRPC-WEB, targetPort: 8082}], endpoints: [{address: 10.40.0.5}]}
`,
    asks: [
      {
        via: 'mesh',
        to: '10.50.0.9:8087',
        host: 'grpc-web.test:8087',
        method: 'POST',
        headers: { 'content-type': 'application/grpc-web+proto' },
        expect: {
          status: 200,
          headers: { 'content-type': 'application/grpc-web+proto' },
          // What the backend was sent; behind it come the trailers, in the body.
          text: expect.stringMatching(/"content-type":"application\/grpc(\+proto)?".*grpc-status: ?0/s),
        },
      },
    ],
  },
  ...[
    ['mongo-data', undefined, 7_080],
    ['redis', undefined, 7_081],
    ['mysql-data', undefined, 7_082],
    ['main', 'tcp', 7_083],
    ['main', 'redis', 7_084],
    // Ports of servers that speak first, known by their number.
    ['main', undefined, 3_306],
    ['main', undefined, 25],
  ].map(([portName, appProtocol, port], index): FeatureCase => ({
    feature: `protocol of a port: ${portName} ${port}${appProtocol === undefined ? '' : `, appProtocol ${appProtocol}`} is TCP, where servers may speak first`,
    config: JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: service({
        name: `speaks-${index}`,
        address: `10.96.7.${index}`,
        pods: { '10.40.0.6': 'v1' },
        port: Number(port),
        portName: String(portName),
        targetPort: 9_001,
        ...(appProtocol === undefined ? {} : { appProtocol: String(appProtocol) }),
      }),
    }),
    asks: [{ via: 'mesh', to: `10.96.7.${index}:${port}`, protocol: 'tcp', expect: { who: 'bytes v1' } }],
  })),
  ...[
    ['http2-data', undefined, '2.0'],
    ['grpc-data', undefined, '2.0'],
    ['main', 'grpc', '2.0'],
    ['tcp', 'http', '1.1'],
    ['main', 'kubernetes.io/ws', '1.1'],
  ].map(([portName, appProtocol, version], index): FeatureCase => ({
    feature: `protocol of a port: ${portName}${appProtocol === undefined ? '' : `, appProtocol ${appProtocol}`} is HTTP/${version}`,
    config: JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: service({
        name: `requests-${index}`,
        address: `10.96.8.${index}`,
        pods: { '10.40.0.6': 'v1' },
        port: 7_090 + index,
        portName: String(portName),
        targetPort: version === '2.0' ? 8_082 : 8_080,
        ...(appProtocol === undefined ? {} : { appProtocol }),
      }),
    }),
    asks: [
      {
        via: 'mesh',
        to: `10.96.8.${index}:${7_090 + index}`,
        host: `requests-${index}:${7_090 + index}`,
        expect: { status: 200, version: String(version) },
      },
    ],
  })),
];
