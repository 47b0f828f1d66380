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
