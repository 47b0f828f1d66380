import { describe, expect, it } from 'vitest';
import { virtualServicesSeenFrom } from '../../src/model/virtual-services.ts';
import { snapshotOf } from './snapshot-of.ts';

function virtualService(namespace: string, name: string, exportTo: string): string {
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: ${namespace}}
spec: {hosts: [web.example.com], exportTo: ${exportTo}, http: [{route: [{destination: {host: web}}]}]}
---
`;
}

describe('VirtualServices that a namespace sees', () => {
  const { virtualServices } = snapshotOf(
    virtualService('shop', 'a-all', '["*"]') +
      virtualService('other', 'b-named', '[shop]') +
      virtualService('shop', 'c-own', '["."]') +
      virtualService('shop', 'd-own-too', '[shop, other]') +
      virtualService('shop', 'e-nobody', '[".", "~"]'),
  );

  it.each([
    ['shop', ['c-own', 'd-own-too', 'b-named', 'a-all']],
    ['other', ['d-own-too', 'a-all']],
    ['elsewhere', ['a-all']],
  ])('%s, in the order in which they count, are %j', (namespace, expected) => {
    expect(virtualServicesSeenFrom(virtualServices, namespace).map(({ name }) => name)).toEqual(expected);
  });
});

describe('The gateways of a VirtualService', () => {
  it.each([
    ['[door]', ['shop/door']],
    ['[edge/door, mesh]', ['edge/door', 'mesh']],
    ['[door.edge]', ['edge/door']],
    ['[door.edge.svc.cluster.local]', ['edge/door']],
  ])('%s are %j, in the matches too', (gateways, expected) => {
    const { virtualServices } = snapshotOf(`apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web.example.com]
  gateways: ${gateways}
  http: [{match: [{gateways: ${gateways}}], route: [{destination: {host: web}}]}]
`);
    expect(virtualServices[0]?.gateways).toEqual(expected);
    expect(virtualServices[0]?.http[0]?.match?.[0]?.gateways).toEqual(expected);
  });
});
