import { describe, expect, it } from 'vitest';
import { snapshotOf } from './snapshot-of.ts';

function service(namespace: string, name: string, ports = '[{name: http, port: 80}]'): string {
  return `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${namespace}}
spec: {clusterIP: 10.9.0.1, ports: ${ports}}
---
`;
}

function sidecar(namespace: string, name: string, spec: string): string {
  return `apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: ${name}, namespace: ${namespace}}
spec: ${spec}
---
`;
}

const MESH =
  service('shop', 'web') +
  service('shop', 'cart', '[{name: http, port: 80}, {name: tcp, port: 90}]') +
  service('stock', 'items') +
  `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec: {hosts: [web], http: [{route: [{destination: {host: items.stock.svc.cluster.local}}]}]}
---
`;

function hosts(text: string, labels: Record<string, string> = {}, namespace = 'shop') {
  const scope = snapshotOf(text).sidecarScopes.of(namespace, labels);
  return scope.services.map(({ hostname }) => hostname.split('.svc')[0]);
}

describe('what a sidecar is told of', () => {
  it('is the oldest first, then by name; without ages Services go before entries', () => {
    const entry = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: a, namespace: shop}
spec: {hosts: [a.example.com], ports: [{number: 80, name: http, protocol: HTTP}]}
---
`;
    const aged = (text: string, year: number) =>
      text.replace('namespace: shop', `namespace: shop, creationTimestamp: "${year}-01-01T00:00:00Z"`);
    const [b, c] = [service('shop', 'b'), service('shop', 'c')];
    expect(hosts(c + entry + b)).toEqual(['b.shop', 'c.shop', 'a.example.com']);
    expect(hosts(aged(b, 2023) + aged(entry, 2022) + aged(c, 2021))).toEqual([
      'c.shop',
      'a.example.com',
      'b.shop',
    ]);
    expect(hosts(aged(c, 2021) + aged(b, 2021) + aged(entry, 2021))).toEqual([
      'a.example.com',
      'b.shop',
      'c.shop',
    ]);
  });

  it('is everything without a Sidecar', () => {
    expect(hosts(MESH)).toEqual(['cart.shop', 'items.stock', 'web.shop']);
  });

  it.each([
    ['["./cart.shop.svc.cluster.local"]', ['cart.shop']],
    ['["*/cart.shop.svc.cluster.local"]', ['cart.shop']],
    ['["./*"]', ['cart.shop', 'items.stock', 'web.shop']],
    ['["stock/*"]', ['items.stock']],
    ['["~/*"]', []],
    ['["*/*", "~/*"]', []],
    ['["*/*", "~stock/*"]', ['cart.shop', 'items.stock', 'web.shop']],
    ['["*/*", "~shop/*"]', ['items.stock']],
    ['["~./cart.shop.svc.cluster.local", "shop/*"]', ['items.stock', 'web.shop']],
    ['["*/*", "~*/web.shop.svc.cluster.local"]', ['cart.shop', 'items.stock']],
    // Case counts, as in Istio.
    ['["*/*", "~*/WEB.shop.svc.cluster.local"]', ['cart.shop', 'items.stock', 'web.shop']],
    ['["*/*", "~stock/cart.shop.svc.cluster.local"]', ['cart.shop', 'items.stock', 'web.shop']],
    ['["shop/web.shop.svc.cluster.local", "~/*.cluster.local"]', []],
  ])('under the hosts %s is %j: those, and what their VirtualServices lead to', (list, expected) => {
    expect(hosts(MESH + sidecar('shop', 'default', `{egress: [{hosts: ${list}}]}`))).toEqual(expected);
  });

  it('has a VirtualService while one of its hosts is imported and not taken away', () => {
    const text = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: two, namespace: shop}
spec: {hosts: [a.example.com, b.example.com], http: [{directResponse: {status: 204}}]}
---
`;
    const found = (list: string) => {
      const all = text + sidecar('shop', 'default', `{egress: [{hosts: ${list}}]}`);
      const [listener] = snapshotOf(all).sidecarScopes.of('shop', {}).egress;
      return listener?.virtualServices.length;
    };
    expect(found('["*/*", "~/a.example.com"]')).toBe(1);
    expect(found('["*/*", "~other/*"]')).toBe(1);
    expect(found('["*/a.example.com", "~/a.example.com"]')).toBe(0);
    expect(found('["*/*", "~./*.example.com"]')).toBe(0);
  });

  it('is as the Sidecar for its labels says, else that of its namespace, else that of the root namespace', () => {
    const only = (host: string) => `egress: [{hosts: ["*/${host}.svc.cluster.local"]}]`;
    const text =
      MESH +
      sidecar('istio-system', 'default', `{${only('items.stock')}}`) +
      sidecar('shop', 'default', `{${only('cart.shop')}}`) +
      sidecar('shop', 'some', `{workloadSelector: {labels: {app: a}}, ${only('*.stock')}}`);
    expect(hosts(text, { app: 'a' })).toEqual(['items.stock']);
    expect(hosts(text, { app: 'b' })).toEqual(['cart.shop']);
    expect(hosts(text, {}, 'stock')).toEqual(['items.stock']);
  });

  it('on a port of its own is what serves that port', () => {
    const egress = '{egress: [{port: {number: 90, protocol: TCP, name: t}, hosts: ["*/*"]}]}';
    const scope = snapshotOf(MESH + sidecar('shop', 'default', egress)).sidecarScopes.of('shop', {});
    const [listener] = scope.egress;
    expect(listener?.services.map(({ hostname, ports }) => [hostname, ports.length])).toEqual([
      ['cart.shop.svc.cluster.local', 1],
    ]);
  });

  it('of services with one name is the Service, and that of its own namespace before others', () => {
    const entry = (namespace: string, host: string) => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: same, namespace: ${namespace}}
spec: {hosts: [${host}], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}]}
---
`;
    const text = `${entry('stock', 'one.example.com')}${entry('shop', 'one.example.com')}${entry(
      'other',
      'items.stock.svc.cluster.local',
    )}${service('stock', 'items')}`;
    const found = snapshotOf(text).sidecarScopes.of('shop', {}).services;
    expect(found.map(({ namespace, origin }) => [namespace, origin])).toEqual([
      ['stock', 'Service'],
      ['shop', 'ServiceEntry'],
    ]);
  });
});

describe('services of one name', () => {
  const entry = (namespace: string, name: string, ports: string) => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: ${namespace}}
spec: {hosts: [one.example.com], resolution: STATIC, ports: ${ports}}
---
`;
  const HTTP = '[{number: 80, name: http, protocol: HTTP}]';

  it.each([
    ["are the client's own where it imports them", '["*/*"]', 'shop'],
    ['are those that it imports', '["stock/*"]', 'stock'],
  ])('%s', (_, list, expected) => {
    const scope = snapshotOf(
      entry('shop', 'a', HTTP) +
        entry('stock', 'b', HTTP) +
        sidecar('shop', 'default', `{egress: [{hosts: ${list}}]}`),
    ).sidecarScopes.of('shop', {});
    expect(scope.services.map(({ namespace }) => namespace)).toEqual([expected]);
    expect(scope.egress[0]?.services.map(({ namespace }) => namespace)).toEqual([expected]);
  });

  it('elsewhere are those of the first namespace, whatever their objects are called', () => {
    const scope = snapshotOf(entry('west', 'a', HTTP) + entry('east', 'b', HTTP)).sidecarScopes.of(
      'shop',
      {},
    );
    expect(scope.services.map(({ namespace }) => namespace)).toEqual(['east']);
  });
});
