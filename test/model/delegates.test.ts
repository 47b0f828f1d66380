import { describe, expect, it } from 'vitest';
import { snapshotOf } from './snapshot-of.ts';

function virtualService(namespace: string, name: string, spec: string): string {
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: ${namespace}}
spec: ${spec}
---
`;
}

function merged(rootRoute: string, delegate: string, delegateNamespace = 'shop') {
  const [root] = snapshotOf(
    virtualService('shop', 'root', `{hosts: [web], http: [${rootRoute}]}`) +
      virtualService(delegateNamespace, 'part', delegate),
  ).virtualServices;
  return root?.http;
}

const TO_CART = 'route: [{destination: {host: cart}}]';
const ROUTED = [{ destination: { host: 'cart.shop.svc.cluster.local' } }];

describe('a route that delegates', () => {
  it('gives way to the routes of the delegate, whose hosts are of its own namespace', () => {
    const http = merged(
      '{name: a, delegate: {name: part, namespace: stock}, timeout: 3s, retries: {attempts: 1}}',
      `{http: [{name: b, timeout: 1s, ${TO_CART}}, {${TO_CART}}]}`,
      'stock',
    );
    const route = [{ destination: { host: 'cart.stock.svc.cluster.local' } }];
    expect(http).toEqual([
      { name: 'a-b', timeout: '1s', retries: { attempts: 1 }, route },
      { name: 'a', timeout: '3s', retries: { attempts: 1 }, route },
    ]);
  });

  it.each([
    ['{uri: {prefix: /a}}', '{uri: {prefix: /a/b}}', [{ uri: { prefix: '/a/b' } }]],
    ['{uri: {prefix: /a}}', '{uri: {exact: /a/b}}', [{ uri: { exact: '/a/b' } }]],
    ['{uri: {prefix: /a}}', '{uri: {prefix: /b}}', undefined],
    ['{uri: {exact: /a}}', '{uri: {prefix: /a}}', undefined],
    ['{uri: {regex: a+}}', '{uri: {regex: b+}}', undefined],
    ['{port: 80}', '{port: 81}', undefined],
    [
      '{headers: {a: {exact: x}}, name: r}',
      '{headers: {b: {exact: z}}, name: d}',
      [{ name: 'r-d', headers: { a: { exact: 'x' }, b: { exact: 'z' } } }],
    ],
    ['{headers: {a: {exact: x}}}', '{headers: {a: {exact: z}}}', undefined],
    ['{headers: {a: {}}}', '{headers: {a: {exact: z}}}', undefined],
    ['{uri: {regex: a+}}', '{uri: {regex: a+}}', undefined],
    ['{uri: {prefix: /a}, ignoreUriCase: true}', '{uri: {prefix: /a}}', undefined],
    ['{sourceNamespace: a}', '{port: 80}', undefined],
    ['{sourceNamespace: a}', '{sourceNamespace: a}', [{ sourceNamespace: 'a' }]],
    ['{sourceLabels: {app: a}}', '{sourceLabels: {app: b}}', undefined],
    ['{gateways: [mesh]}', '{gateways: [mesh, other/gw]}', undefined],
    ['{gateways: [mesh, gw]}', '{gateways: [mesh]}', [{ gateways: ['mesh'] }]],
  ])('with the match %s and one of %s asks for both', (outer, inner, match) => {
    const http = merged(
      `{match: [${outer}], delegate: {name: part}}`,
      `{http: [{match: [${inner}], ${TO_CART}}]}`,
    );
    expect(http).toEqual(match === undefined ? [] : [{ match, route: ROUTED }]);
  });

  it('is left out when one of the alternatives of the delegate fits none of its own', () => {
    const http = merged(
      '{match: [{uri: {prefix: /a}}], delegate: {name: part}}',
      `{http: [{match: [{uri: {prefix: /a/x}}, {uri: {prefix: /z}}], ${TO_CART}}, {match: [{uri: {exact: /a}}], ${TO_CART}}]}`,
    );
    expect(http).toEqual([{ match: [{ uri: { exact: '/a' } }], route: ROUTED }]);
  });

  it('edits headers only where the delegate edits none', () => {
    const http = merged(
      '{headers: {request: {set: {a: root}}}, delegate: {name: part}}',
      `{http: [{headers: {response: {remove: [b]}}, ${TO_CART}}, {${TO_CART}}]}`,
    );
    expect(http?.map(({ headers }) => headers)).toEqual([
      { response: { remove: ['b'] } },
      { request: { set: { a: 'root' } } },
    ]);
  });

  it.each([
    ['is missing', '{hosts: [other], http: []}'],
    ['is not shown to the namespace', '{exportTo: ["."], http: [{route: [{destination: {host: cart}}]}]}'],
    ['delegates again', '{http: [{delegate: {name: more}}]}'],
  ])('is left out when the delegate %s', (_, delegate) => {
    expect(merged('{delegate: {name: part, namespace: stock}}', delegate, 'stock')).toEqual([]);
  });
});
