import { describe, expect, it } from 'vitest';
import { parseText } from '../../src/config/parse/parse.ts';
import { meshSettings } from '../../src/model/mesh-settings.ts';
import { Snapshot } from '../../src/model/snapshot.ts';
import { snapshotOf } from './snapshot-of.ts';

function endpointsOf(text: string, hostname: string, port: number) {
  const snapshot = snapshotOf(text);
  const [service] = snapshot.services.named(hostname);
  const found = service?.ports.find(({ number }) => number === port);
  if (service === undefined || found === undefined) throw new Error(`no ${hostname}:${port}`);
  return snapshot.endpoints
    .of(service, found)
    .map(({ address, port, ready, locality }) => ({ address, port, ready, locality }));
}

const SERVICE = `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: front}, {name: admin, port: 81}]}
---
`;
const SLICE = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints:
- {addresses: [10.1.0.1], nodeName: n1}
- {addresses: [10.1.0.2], conditions: {ready: false}}
- {addresses: [10.1.0.3], conditions: {ready: false, terminating: true}}
- {addresses: [10.1.0.1]}
---
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {topology.kubernetes.io/region: eu, topology.kubernetes.io/zone: eu-a}}
---
`;

describe('the endpoints of a Service', () => {
  it('are those of its EndpointSlices, each once; those that end are left out', () => {
    expect(endpointsOf(SERVICE + SLICE, 'web.shop.svc.cluster.local', 80)).toEqual([
      { address: '10.1.0.1', port: 8080, ready: true, locality: 'eu/eu-a' },
      { address: '10.1.0.2', port: 8080, ready: false, locality: '' },
    ]);
  });

  it('are none on a port that no slice names', () => {
    expect(endpointsOf(SERVICE + SLICE, 'web.shop.svc.cluster.local', 81)).toEqual([]);
  });

  it('come from Endpoints where there are no slices, and from WorkloadEntries that it selects', () => {
    const text = `${SERVICE}
apiVersion: v1
kind: Endpoints
metadata: {name: web, namespace: shop}
subsets: [{addresses: [{ip: 10.1.0.9}], notReadyAddresses: [{ip: 10.1.0.8}], ports: [{name: http, port: 8080}]}]
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: vm, namespace: shop, labels: {app: web}}
spec: {address: 10.2.0.1, ports: {http: 7000}, locality: us/1}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: vm, namespace: other, labels: {app: web}}
spec: {address: 10.2.0.2}
`;
    expect(endpointsOf(text, 'web.shop.svc.cluster.local', 80)).toEqual([
      { address: '10.1.0.9', port: 8080, ready: true, locality: '' },
      { address: '10.1.0.8', port: 8080, ready: false, locality: '' },
      { address: '10.2.0.1', port: 7000, ready: true, locality: 'us/1' },
    ]);
  });
});

function entry(spec: string): string {
  return `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: outside, namespace: shop}
spec: {hosts: [api.example.com], ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8000}], ${spec}}
---
`;
}

describe('the endpoints of a ServiceEntry', () => {
  it.each([
    ['resolution: DNS', [['api.example.com', 8000]]],
    ['resolution: STATIC', []],
    ['resolution: NONE', []],
    ['resolution: STATIC, endpoints: [{address: 192.0.2.1}]', [['192.0.2.1', 8000]]],
    ['resolution: STATIC, endpoints: [{address: 192.0.2.1, ports: {http: 1}}]', [['192.0.2.1', 1]]],
    ['resolution: STATIC, endpoints: [{address: "unix:///run/x"}]', [['unix:///run/x', 0]]],
    ['resolution: DNS, endpoints: [{address: a.example.net}]', [['a.example.net', 8000]]],
  ])('with %s are %j', (spec, expected) => {
    const found = endpointsOf(entry(spec), 'api.example.com', 80);
    expect(found.map(({ address, port }) => [address, port])).toEqual(expected);
  });

  it('are the running Pods that it selects', () => {
    const pod = (name: string, phase: string, ready: string) => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: shop, labels: {app: web, istio-locality: eu.a}}
spec: {containers: [{name: web, image: web}]}
status: {phase: ${phase}, podIP: 10.3.0.${name.length}, conditions: [{type: Ready, status: "${ready}"}]}
---`;
    const text = `${entry('resolution: STATIC, workloadSelector: {labels: {app: web}}')}
${pod('a', 'Running', 'True')}${pod('bb', 'Running', 'False')}${pod('ccc', 'Succeeded', 'False')}`;
    expect(endpointsOf(text, 'api.example.com', 80)).toEqual([
      { address: '10.3.0.1', port: 8000, ready: true, locality: 'eu/a' },
      { address: '10.3.0.2', port: 8000, ready: false, locality: 'eu/a' },
    ]);
  });
});

describe('the endpoints of a host that several ServiceEntries name', () => {
  const named = (name: string, namespace: string, port: string, address: string) => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: ${namespace}}
spec: {hosts: [api.example.com], resolution: STATIC, ports: [${port}], endpoints: [{address: ${address}}]}
---
`;
  const HTTP = '{number: 80, name: http, protocol: HTTP, targetPort: 8080}';
  const first = named('a', 'shop', HTTP, '192.0.2.1');
  const second = named('b', 'shop', HTTP, '192.0.2.2');
  const others =
    named('c', 'shop', '{number: 80, name: web, protocol: HTTP}', '192.0.2.3') +
    named('d', 'elsewhere', HTTP, '192.0.2.4');

  it('are those of all in its namespace, at the port of that name', () => {
    const found = endpointsOf(first + second + others, 'api.example.com', 80);
    expect(found.map(({ address }) => address)).toEqual(['192.0.2.1', '192.0.2.2']);
  });

  it('follow entries that come and go', () => {
    const { objects } = parseText(first + second, 'input.yaml');
    const kept = objects.slice(0, 1);
    const addresses = (snapshot: Snapshot) => {
      const service = snapshot.services.named('api.example.com').find(({ object }) => object === kept[0]);
      const [port] = service?.ports ?? [];
      if (service === undefined || port === undefined) throw new Error('no service');
      return snapshot.endpoints.of(service, port).map(({ address }) => address);
    };
    let snapshot = Snapshot.build(objects, { mesh: meshSettings({}) });
    expect(addresses(snapshot)).toEqual(['192.0.2.1', '192.0.2.2']);
    snapshot = Snapshot.build(kept, { mesh: snapshot.mesh, before: snapshot });
    expect(addresses(snapshot)).toEqual(['192.0.2.1']);
    snapshot = Snapshot.build(objects, { mesh: snapshot.mesh, before: snapshot });
    expect(addresses(snapshot)).toEqual(['192.0.2.1', '192.0.2.2']);
  });
});
