/** How tests over the book's manifests know that those of a chapter are in force. */

/** Answers when a chapter is in force: it comes last of all that changes. */
export function chapterMarker(chapter: number): string {
  return `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: marker, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 8999, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: marker, namespace: istio-system}
spec: {hosts: [marker.test], gateways: [marker, mesh], http: [{match: [{uri: {exact: /chapter}}], directResponse: {status: 200, body: {string: "${chapter}"}}}]}
`;
}
