import { describe, expect, it } from 'vitest';
import { boundHosts, gatewayServers } from '../../src/model/gateway-servers.ts';
import { snapshotOf } from './snapshot-of.ts';

function bound(
  serverHosts: string,
  service: { readonly hosts: string; readonly gateways?: string; readonly exportTo?: string },
) {
  const { hosts, gateways = '[edge/door]', exportTo = '["*"]' } = service;
  const snapshot = snapshotOf(`
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: edge}
spec:
  selector: {role: edge}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ${serverHosts}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec: {hosts: ${hosts}, gateways: ${gateways}, exportTo: ${exportTo}, http: [{route: [{destination: {host: web}}]}]}
`);
  const objects = snapshot.list('networking.istio.io/Gateway');
  const [server] = gatewayServers(objects, { role: 'edge', more: 'x' }, (one) => snapshot.namespaceOf(one));
  const [virtualService] = snapshot.virtualServices;
  if (server === undefined || virtualService === undefined) throw new Error('nothing to bind');
  return boundHosts(server, virtualService);
}

describe('the hosts of a VirtualService on a server', () => {
  it.each([
    ['["*"]', '[a.example.com]', ['a.example.com']],
    ['[a.example.com]', '["*"]', ['a.example.com']],
    ['["*.example.com"]', '[a.example.com, b.other.com]', ['a.example.com']],
    ['["*.example.com"]', '["*.example.com"]', ['*.example.com']],
    ['["shop/*.example.com"]', '[a.example.com]', ['a.example.com']],
    ['["other/*.example.com"]', '[a.example.com]', []],
    ['["./*"]', '[a.example.com]', []],
    ['["*/A.example.com"]', '[A.example.com]', ['A.example.com']],
    ['["*/A.example.com"]', '[a.example.com]', []],
    ['["*.example.com"]', '[a.Example.com]', []],
    ['["*"]', '[web]', ['web.shop.svc.cluster.local']],
  ])('%s for %s are %j', (serverHosts, hosts, expected) => {
    expect(bound(serverHosts, { hosts })).toEqual(expected);
  });

  it.each(['edge/door', 'door.edge', 'door.edge.svc.cluster.local'])('may be bound to %s', (gateway) => {
    expect(bound('["*"]', { hosts: '[a.example.com]', gateways: `[${gateway}]` })).toEqual(['a.example.com']);
  });

  it.each([
    ['names another gateway', { gateways: '[door]' }],
    ['is for sidecars only', { gateways: '[mesh]' }],
  ])('are none when it %s', (_, more) => {
    expect(bound('["*"]', { hosts: '[a.example.com]', ...more })).toEqual([]);
  });
});

describe('the servers of a gateway', () => {
  it('are those of the Gateways that select its labels, the oldest first', () => {
    const gateway = (name: string, selector: string, created: string) => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: edge, creationTimestamp: "${created}"}
spec: {selector: ${selector}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---`;
    const snapshot = snapshotOf(
      gateway('young', '{role: edge}', '2026-03-01T00:00:00Z') +
        gateway('other', '{role: inner}', '2026-01-01T00:00:00Z') +
        gateway('old', '{}', '2026-02-01T00:00:00Z'),
    );
    const list = snapshot.list('networking.istio.io/Gateway');
    const servers = gatewayServers(list, { role: 'edge' }, (one) => snapshot.namespaceOf(one));
    expect(servers.map(({ gateway }) => gateway)).toEqual(['edge/old', 'edge/young']);
  });
});
