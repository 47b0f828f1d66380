import { expect, test } from 'vitest';
import type { MeshObject } from '../../src/config/object.ts';
import { parseText } from '../../src/config/parse/parse.ts';
import { meshSettings } from '../../src/model/mesh-settings.ts';
import { Snapshot } from '../../src/model/snapshot.ts';

function read(text: string): readonly MeshObject[] {
  return parseText(text, 'input.yaml').objects;
}

const SERVICE = read(`apiVersion: v1
kind: Service
metadata: {name: fruits, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
`);
const RULES = read(`apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: fruits, namespace: shop}
spec: {hosts: [fruits], http: [{route: [{destination: {host: fruits}}]}]}
`);

function slice(address: string): readonly MeshObject[] {
  return read(`apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: fruits-a, namespace: shop, labels: {kubernetes.io/service-name: fruits}}
addressType: IPv4
ports: [{name: http, port: 8080, protocol: TCP}]
endpoints: [{addresses: [${address}]}]
`);
}

function addressesIn(snapshot: Snapshot): readonly string[] {
  return snapshot.services.all.flatMap((service) =>
    service.ports.flatMap((port) => snapshot.endpoints.of(service, port).map(({ address }) => address)),
  );
}

const mesh = meshSettings();

test('a snapshot keeps what was made of unchanged objects and makes the rest anew', () => {
  const before = Snapshot.build([...SERVICE, ...RULES, ...slice('10.0.0.1')], { mesh });
  expect(addressesIn(before)).toEqual(['10.0.0.1']);
  const { services, sidecarScopes } = before;
  const after = Snapshot.build([...SERVICE, ...RULES, ...slice('10.0.0.2')], { mesh, before });
  expect(after.services).toBe(services);
  expect(after.sidecarScopes).toBe(sidecarScopes);
  expect(addressesIn(after)).toEqual(['10.0.0.2']);
  expect(addressesIn(before)).toEqual(['10.0.0.1']);
});

test('an object that goes away takes what was made of it along', () => {
  const before = Snapshot.build([...SERVICE, ...RULES], { mesh });
  expect([before.services.all.length, before.virtualServices.length]).toEqual([1, 1]);
  const after = Snapshot.build(SERVICE, { mesh, before });
  expect([after.services, after.virtualServices]).toEqual([before.services, []]);
});

test('nothing is kept when the settings of the mesh are others', () => {
  const before = Snapshot.build(SERVICE, { mesh });
  const { services } = before;
  expect(Snapshot.build(SERVICE, { mesh: meshSettings(), before }).services).not.toBe(services);
});
