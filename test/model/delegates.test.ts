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
  ])('with the match %s and one of %s asks for both', (outer, inner, match) => {
    const http = merged(
      `{match: [${outer}], delegate: {name: part}}`,
      `{http: [{match: [${inner}], ${TO_CART}}]}`,
    );
    expect(http).toEqual(match === undefined ? [] : [{ match, route: ROUTED }]);
  });

  it.each([
    ['is missing', '{hosts: [other], http: []}'],
    ['is not shown to the namespace', '{exportTo: ["."], http: [{route: [{destination: {host: cart}}]}]}'],
    ['delegates again', '{http: [{delegate: {name: more}}]}'],
  ])('is left out when the delegate %s', (_, delegate) => {
    expect(merged('{delegate: {name: part, namespace: stock}}', delegate, 'stock')).toEqual([]);
  });
});
