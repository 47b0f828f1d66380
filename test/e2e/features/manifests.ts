/** Manifests that cases are made of; hosts are named after the case. */

import { indented } from '../../peers/world/shop.ts';

export const V1 = 'route: [{destination: {host: web, subset: v1}}]';
export const V2 = 'route: [{destination: {host: web, subset: v2}}]';

/** The traffic policy of a DestinationRule. */
export const POLICY = (text: string): string => `trafficPolicy: ${text}`;

/** A ServiceEntry for `NAME.test`. */
export const entry = (name: string, spec: string): string => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: shop}
spec: {hosts: [${name}.test], ${spec}}
`;

/** A VirtualService for `NAME.test`, at the gateway and in the mesh, with these routes. */
export function routed(name: string, http: string, extra = ''): string {
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: shop}
spec:
  hosts: [${name}.test]
  gateways: [front, mesh]
${extra}  http:
${indented(http.trim())}
`;
}

/** A service of its own, `NAME.test`, with version v1 at web's first and v2 at its second, and routes to it. */
export function served(name: string, rule: string, options: { port?: string; vs?: boolean } = {}): string {
  const { port = '{number: 80, name: http, protocol: HTTP, targetPort: 8080}', vs = true } = options;
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: shop}
spec:
  hosts: [${name}.test]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [${port}]
  endpoints:
  - {address: 10.40.0.1, labels: {version: v1}}
  - {address: 10.40.0.2, labels: {version: v2}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}, namespace: shop}
spec:
  host: ${name}.test
${indented(rule.trim())}
${vs ? `---\n${routed(name, `- route: [{destination: {host: ${name}.test}}]`)}` : ''}`;
}

const TO_INGRESS = 'workloadSelector: {labels: {istio: ingressgateway}}';

/** An EnvoyFilter: the items of its list of patches, and for whom it is. */
export function envoyFilter(
  name: string,
  patches: string,
  spec = TO_INGRESS,
  namespace = 'istio-system',
): string {
  return `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  ${spec}
  configPatches:
${indented(patches.trim())}
`;
}
