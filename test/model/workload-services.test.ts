import { describe, expect, it } from 'vitest';
import { servedPorts } from '../../src/model/workload-services.ts';
import { snapshotOf } from './snapshot-of.ts';

const MESH = `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: 8080}
  - {name: named, port: 81, targetPort: front}
  - {name: dns, port: 53, protocol: UDP}
---
apiVersion: v1
kind: Service
metadata: {name: by-address, namespace: shop}
spec: {ports: [{name: grpc, port: 90}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: by-address-1, namespace: shop, labels: {kubernetes.io/service-name: by-address}}
addressType: IPv4
ports: [{name: grpc, port: 9090}]
endpoints: [{addresses: [10.1.0.1]}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: entry, namespace: shop}
spec:
  hosts: [entry.shop.example]
  resolution: STATIC
  ports: [{number: 70, name: tcp, protocol: TCP, targetPort: 7070}]
  endpoints: [{address: 10.1.0.1}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: other}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 1}]}
`;

function served(namespace: string, labels: Record<string, string>, ip: string) {
  return servedPorts({ namespace, labels, ips: [ip] }, snapshotOf(MESH)).map(
    ({ service, port, targetPort }) => `${service.hostname.split('.')[0]}:${port.number}>${targetPort}`,
  );
}

describe('the ports that a workload serves', () => {
  it('are those of the services of its namespace that select it, else of those that have its address', () => {
    expect(served('shop', { app: 'web' }, '10.1.0.1')).toEqual(['web:80>8080', 'entry:70>7070']);
    expect(served('shop', { app: 'web' }, '10.1.0.2')).toEqual(['web:80>8080']);
    expect(served('shop', { app: 'db' }, '10.1.0.1')).toEqual(['by-address:90>9090', 'entry:70>7070']);
    expect(served('shop', {}, '10.1.0.1')).toEqual(['by-address:90>9090', 'entry:70>7070']);
    expect(served('other', { app: 'web' }, '10.1.0.1')).toEqual(['web:80>1']);
  });

  it('are none for a workload that no service is for', () => {
    expect(served('shop', { app: 'db' }, '10.1.0.9')).toEqual([]);
  });
});
