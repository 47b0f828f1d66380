/** Certificates from Secrets: at gateways (`credentialName`, `credentialNames`), and towards endpoints. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Ask, type FeatureCase, get } from './case.ts';
import { POLICY, V1, V2, served } from './manifests.ts';

/** Where the gateways' own Secrets are. */
export const GATEWAYS = 'istio-system';

/** A Secret whose entries are files of the folder. */
export function secretOf(
  folder: string,
  [namespace, name]: readonly [namespace: string, name: string],
  entries: Readonly<Record<string, string>>,
  type = 'Opaque',
): string {
  const data = Object.entries(entries).map(
    ([key, file]) => `  ${key}: ${readFileSync(join(folder, file)).toString('base64')}\n`,
  );
  return `apiVersion: v1
kind: Secret
metadata: {name: ${name}, namespace: ${namespace}}
type: ${type}
data:
${data.join('')}`;
}

/** As Kubernetes has them for TLS. */
export function tlsSecret(
  folder: string,
  name: readonly [namespace: string, name: string],
  files: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const entries = { 'tls.crt': `${files}.crt`, 'tls.key': `${files}.key`, ...more };
  return secretOf(folder, name, entries, 'kubernetes.io/tls');
}

export interface SecureServer {
  readonly name: string;
  readonly port: number;
  /** Of `tls`: the mode and where certificates come from. */
  readonly tls: string;
  readonly namespace?: string;
  readonly selector?: string;
  readonly http?: string;
}

/** A Gateway with one server for HTTPS, `NAME.test`, and what it leads to. */
export function secureServer(server: SecureServer): string {
  const { name, port, tls, namespace = 'shop', selector = 'ingressgateway', http = V1 } = server;
  return `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: ${namespace}}
spec: {selector: {istio: ${selector}}, servers: [{port: {number: ${port}, name: https, protocol: HTTPS}, hosts: ["shop/${name}.test"], tls: {${tls}}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: shop}
spec: {hosts: [${name}.test], gateways: [${namespace}/${name}], http: [{${http}}]}
`;
}

/** A request to `NAME.test` over TLS. */
export const secured = (name: string, port: number, more: object = {}): Ask =>
  ({
    via: 'gateway',
    to: `127.0.0.1:${port}`,
    protocol: 'https',
    serverName: `${name}.test`,
    host: `${name}.test`,
    ...more,
  }) as Ask;

/** Servers of gateways. */
export function serverCases(folder: string): readonly FeatureCase[] {
  const own = { certificate: { cert: `${folder}/client.crt`, key: `${folder}/client.key` } };
  const stranger = { certificate: { cert: `${folder}/stranger.crt`, key: `${folder}/stranger.key` } };
  const opaque = (name: string, entries: Readonly<Record<string, string>>): string =>
    secretOf(folder, [GATEWAYS, name], entries);
  const pair = { cert: 'one.crt', key: 'one.key' };
  return [
    {
      feature: 'Gateway tls.credentialName, SIMPLE: a Secret of type kubernetes.io/tls',
      config: () =>
        `${secureServer({ name: 'c-simple', port: 9501, tls: 'mode: SIMPLE, credentialName: c-simple' })}---
${tlsSecret(folder, [GATEWAYS, 'c-simple'], 'one')}`,
      asks: [secured('c-simple', 9501, { expect: { status: 200, certificate: 'one.example' } })],
    },
    {
      feature: 'Gateway tls.credentialName, SIMPLE: any Secret with cert and key',
      config: () =>
        `${secureServer({ name: 'c-generic', port: 9502, tls: 'mode: SIMPLE, credentialName: c-generic' })}---
${opaque('c-generic', pair)}`,
      asks: [secured('c-generic', 9502, { expect: { status: 200, certificate: 'one.example' } })],
    },
    {
      feature: 'Gateway tls.credentialName, MUTUAL: with the authorities in the same Secret',
      config: () =>
        `${secureServer({ name: 'c-mutual', port: 9503, tls: 'mode: MUTUAL, credentialName: c-mutual' })}---
${tlsSecret(folder, [GATEWAYS, 'c-mutual'], 'one', { 'ca.crt': 'client.crt' })}`,
      asks: [
        secured('c-mutual', 9503, {
          ...own,
          expect: {
            status: 200,
            certificate: 'one.example',
            received: { 'x-forwarded-client-cert': expect.stringContaining('client.example') },
          },
        }),
        secured('c-mutual', 9503, { expect: { status: 0 } }),
        secured('c-mutual', 9503, { ...stranger, expect: { status: 0 } }),
      ],
    },
    {
      feature: 'Gateway tls.credentialName, MUTUAL: with the authorities in a Secret -cacert of their own',
      config: () =>
        `${secureServer({ name: 'c-apart', port: 9504, tls: 'mode: MUTUAL, credentialName: c-apart' })}---
${opaque('c-apart', { ...pair, cacert: 'stranger.crt' })}---
${opaque('c-apart-cacert', { cacert: 'client.crt' })}`,
      asks: [
        secured('c-apart', 9504, { ...own, expect: { status: 200 } }),
        secured('c-apart', 9504, { expect: { status: 0 } }),
        // The Secret of the authorities' own goes before what stands beside the certificate.
        secured('c-apart', 9504, { ...stranger, expect: { status: 0 } }),
      ],
    },
    {
      feature: 'Gateway tls.credentialName, OPTIONAL_MUTUAL: none is needed, a wrong one is refused',
      config: () =>
        `${secureServer({ name: 'c-may', port: 9505, tls: 'mode: OPTIONAL_MUTUAL, credentialName: c-may' })}---
${opaque('c-may', { ...pair, cacert: 'client.crt' })}`,
      asks: [
        secured('c-may', 9505, { expect: { status: 200 } }),
        secured('c-may', 9505, { ...own, expect: { status: 200 } }),
        secured('c-may', 9505, { ...stranger, expect: { status: 0 } }),
      ],
    },
    {
      feature: 'Gateway tls.credentialName, MUTUAL: what the authorities have revoked',
      config: () =>
        ['clean', 'revoked']
          .map(
            (list, at) =>
              `${secureServer({ name: `c-${list}`, port: 9506 + at, tls: `mode: MUTUAL, credentialName: c-${list}` })}---
${tlsSecret(folder, [GATEWAYS, `c-${list}`], 'one', { 'ca.crt': 'client.crt', 'ca.crl': `client-${list}.crl` })}`,
          )
          .join('---\n'),
      asks: [
        secured('c-clean', 9506, { ...own, expect: { status: 200 } }),
        secured('c-revoked', 9507, { ...own, expect: { status: 0 } }),
      ],
    },
    {
      feature: 'Gateway tls.credentialName, MUTUAL: names that are let in, and certificates that are pinned',
      config: () =>
        (
          [
            ['c-named', 'subjectAltNames: [client.example]'],
            ['c-other', 'subjectAltNames: [other.example]'],
            ['c-anyone', 'insecureSkipVerify: true'],
          ] as const
        )
          .map(
            ([name, more], at) =>
              `${secureServer({ name, port: 9508 + at, tls: `mode: MUTUAL, credentialName: ${name}, ${more}` })}---
${tlsSecret(folder, [GATEWAYS, name], 'one', { 'ca.crt': 'client.crt' })}`,
          )
          .join('---\n'),
      asks: [
        secured('c-named', 9508, { ...own, expect: { status: 200 } }),
        secured('c-other', 9509, { ...own, expect: { status: 0 } }),
        secured('c-anyone', 9510, { ...stranger, expect: { status: 200 } }),
        secured('c-anyone', 9510, { expect: { status: 0 } }),
      ],
    },
    {
      feature: 'Gateway tls.credentialNames: of several certificates each client gets one that it can check',
      config: () =>
        `${secureServer({ name: 'c-both', port: 9511, tls: 'mode: SIMPLE, credentialNames: [c-both-rsa, c-both-ec]' })}---
${tlsSecret(folder, [GATEWAYS, 'c-both-rsa'], 'both-rsa')}---
${tlsSecret(folder, [GATEWAYS, 'c-both-ec'], 'both-ec')}`,
      asks: [
        secured('c-both', 9511, {
          signatures: 'rsa_pss_rsae_sha256:rsa_pkcs1_sha256',
          expect: { status: 200, certificate: 'rsa.example' },
        }),
        secured('c-both', 9511, {
          signatures: 'ecdsa_secp256r1_sha256',
          expect: { status: 200, certificate: 'ec.example' },
        }),
      ],
    },
    {
      feature: 'Gateway tls.credentialNames: one that is not there does not shut the server',
      config: () =>
        `${secureServer({ name: 'c-half', port: 9512, tls: 'mode: SIMPLE, credentialNames: [c-half-lost, c-half]' })}---
${tlsSecret(folder, [GATEWAYS, 'c-half'], 'one')}`,
      asks: [secured('c-half', 9512, { expect: { status: 200, certificate: 'one.example' } })],
    },
    {
      feature: 'Gateway tls.credentialName of a Secret that is not there: shut, and its neighbour open',
      config: () => `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: c-pair, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 9513, name: lost, protocol: HTTPS}, hosts: [c-lost.test], tls: {mode: SIMPLE, credentialName: c-lost}}
  - {port: {number: 9513, name: there, protocol: HTTPS}, hosts: [c-there.test], tls: {mode: SIMPLE, credentialName: c-there}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: c-pair, namespace: shop}
spec: {hosts: [c-lost.test, c-there.test], gateways: [c-pair], http: [{${V2}}]}
---
${tlsSecret(folder, [GATEWAYS, 'c-there'], 'one')}`,
      asks: [
        secured('c-there', 9513, { expect: { status: 200, who: 'web v2' } }),
        secured('c-lost', 9513, { expect: { status: 0 } }),
      ],
    },
    {
      feature: 'Gateway tls.credentialName of another namespace: only the own one of the proxy is served',
      config: () =>
        `${secureServer({ name: 'c-abroad', port: 9514, tls: 'mode: SIMPLE, credentialName: c-abroad' })}---
${tlsSecret(folder, ['shop', 'c-abroad'], 'one')}---
${secureServer({ name: 'c-spelt', port: 9515, tls: 'mode: SIMPLE, credentialName: "kubernetes://shop/c-abroad"' })}---
${secureServer({ name: 'c-full', port: 9516, tls: `mode: SIMPLE, credentialName: "kubernetes://${GATEWAYS}/c-there"` })}`,
      asks: [
        secured('c-abroad', 9514, { expect: { status: 0 } }),
        secured('c-spelt', 9515, { expect: { status: 0 } }),
        secured('c-full', 9516, { expect: { status: 200 } }),
      ],
    },
    {
      feature:
        'Gateway tls.credentialName kubernetes-gateway://: only where a Gateway of the namespace names it',
      config: () =>
        `${secureServer({ name: 'c-named-here', port: 9517, namespace: GATEWAYS, tls: `mode: SIMPLE, credentialName: "kubernetes-gateway://${GATEWAYS}/c-here"` })}---
${secureServer({ name: 'c-named-there', port: 9518, tls: `mode: SIMPLE, credentialName: "kubernetes-gateway://${GATEWAYS}/c-guarded"` })}---
${tlsSecret(folder, [GATEWAYS, 'c-here'], 'one')}---
${tlsSecret(folder, [GATEWAYS, 'c-guarded'], 'one')}`,
      asks: [
        secured('c-named-here', 9517, { expect: { status: 200 } }),
        secured('c-named-there', 9518, { expect: { status: 0 } }),
      ],
    },
    patchedCase(folder),
  ];
}

/** A certificate that a patch names, and no field of the API. */
function patchedCase(folder: string): FeatureCase {
  return {
    feature: 'EnvoyFilter with a secret by name: any of the namespace of the proxy',
    config: () => `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: c-patched, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 9519, name: http, protocol: HTTP}, hosts: [c-patched.test]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: c-patched, namespace: shop}
spec: {hosts: [c-patched.test], gateways: [c-patched], http: [{${V1}}]}
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: c-patched, namespace: ${GATEWAYS}}
spec:
  workloadSelector: {labels: {istio: ingressgateway}}
  configPatches:
  - applyTo: FILTER_CHAIN
    match: {context: GATEWAY, listener: {portNumber: 9519}}
    patch:
      operation: MERGE
      value:
        transport_socket:
          name: envoy.transport_sockets.tls
          typed_config:
            '@type': type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
            common_tls_context:
              tls_certificate_sds_secret_configs:
              - {name: "kubernetes://c-patched", sds_config: {ads: {}, resource_api_version: V3}}
---
${tlsSecret(folder, [GATEWAYS, 'c-patched'], 'one')}`,
    asks: [secured('c-patched', 9519, { expect: { status: 200, certificate: 'one.example' } })],
  };
}

/** Towards endpoints: at a gateway that requests leave by, and at sidecars. */
export function clientCases(folder: string): readonly FeatureCase[] {
  const port = { port: '{number: 80, name: http, protocol: HTTP, targetPort: 8443}' };
  const rule = (name: string, tls: string, more = ''): string =>
    served(name, `${POLICY(`{tls: {${tls}, sni: backend.example}}`)}${more}`, port);
  const here = (name: string, entries: Readonly<Record<string, string>>): string =>
    secretOf(folder, [GATEWAYS, name], entries);
  return [
    {
      feature: 'DestinationRule tls.credentialName, SIMPLE: authorities alone',
      config: () => `${rule('d-simple', 'mode: SIMPLE, credentialName: d-ca')}---
${here('d-ca', { cacert: 'server.crt' })}---
${rule('d-wrong', 'mode: SIMPLE, credentialName: d-wrong')}---
${here('d-wrong', { 'ca.crt': 'client.crt' })}---
${rule('d-name', 'mode: SIMPLE, credentialName: d-ca, subjectAltNames: [other.example]')}`,
      asks: [
        { ...get('d-simple'), expect: { status: 200, serverName: 'backend.example', client: '' } },
        { ...get('d-wrong'), expect: { status: 503 } },
        { ...get('d-name'), expect: { status: 503 } },
      ],
    },
    {
      feature: 'DestinationRule tls.credentialName, MUTUAL: the client shows a certificate',
      config: () => `${rule('d-mutual', 'mode: MUTUAL, credentialName: d-client')}---
${secretOf(folder, [GATEWAYS, 'd-client'], { 'tls.crt': 'client.crt', 'tls.key': 'client.key', 'ca.crt': 'server.crt' }, 'kubernetes.io/tls')}`,
      asks: [{ ...get('d-mutual'), expect: { status: 200, client: 'client.example' } }],
    },
    {
      feature: 'DestinationRule tls.credentialName with insecureSkipVerify: no authorities are needed',
      config: () => `${rule('d-skip', 'mode: MUTUAL, credentialName: d-skip, insecureSkipVerify: true')}---
${here('d-skip', { cert: 'client.crt', key: 'client.key' })}`,
      asks: [{ ...get('d-skip'), expect: { status: 200, client: 'client.example' } }],
    },
    {
      feature: 'DestinationRule tls.credentialName configmap://: authorities that are no secret',
      config: () => `${rule('d-map', 'mode: SIMPLE, credentialName: "configmap://shop/d-map"')}---
apiVersion: v1
kind: ConfigMap
metadata: {name: d-map, namespace: shop}
data: {ca.crt: ${JSON.stringify(readFileSync(join(folder, 'server.crt'), 'utf8'))}}
`,
      asks: [
        { ...get('d-map'), expect: { status: 200 } },
        // Sidecars take it from a rule for all.
        { via: 'mesh', host: 'd-map.test', expect: { status: 200 } },
      ],
    },
    {
      feature: 'DestinationRule tls.credentialName of a Secret that is not there: connections fail',
      config: () => rule('d-lost', 'mode: SIMPLE, credentialName: d-lost'),
      asks: [
        {
          ...get('d-lost'),
          expect: { status: 503, text: expect.stringContaining('remote connection failure') },
        },
      ],
    },
    {
      feature: 'DestinationRule tls.credentialName at a sidecar: only of a rule that selects it',
      config:
        () => `${rule('d-mine', 'mode: MUTUAL, credentialName: d-mine', '\nworkloadSelector: {matchLabels: {app: client}}')}---
${secretOf(folder, ['shop', 'd-mine'], { cert: 'client.crt', key: 'client.key', cacert: 'server.crt' })}---
${rule('d-all', 'mode: MUTUAL, credentialName: d-mine')}`,
      asks: [
        { via: 'mesh', host: 'd-mine.test', expect: { status: 200, client: 'client.example' } },
        { via: 'mesh', host: 'd-all.test', expect: { status: 503 } },
      ],
    },
  ];
}
