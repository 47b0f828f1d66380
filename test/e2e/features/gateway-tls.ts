/** TLS that ends at gateways: versions, ciphers, and which clients are let in. */

import { expect } from 'vitest';
import { pinsOf } from '../../peers/world/certificate.ts';
import type { FeatureCase } from './case.ts';
import { V1, V2 } from './manifests.ts';

/** Gateways whose TLS is chosen finely. */
export function gatewayTls(folder: string): readonly FeatureCase[] {
  const files = `serverCertificate: ${folder}/server.crt, privateKey: ${folder}/server.key`;
  const gateway = (
    name: string,
    port: number,
    tls: string,
    { protocol = 'HTTPS', mode = 'SIMPLE', rest = `http: [{${V1}}]` } = {},
  ): string =>
    `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: ${port}, name: tls, protocol: ${protocol}}, hosts: ["${name}.test"], tls: {mode: ${mode}, ${files}${tls}}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: shop}
spec: {hosts: [${name}.test], gateways: [${name}], ${rest}}
`;
  const at = (name: string, port: number, more: object = {}) =>
    ({
      via: 'gateway',
      to: `127.0.0.1:${port}`,
      protocol: 'https',
      serverName: `${name}.test`,
      host: `${name}.test`,
      ...more,
    }) as const;
  const own = { certificate: { cert: `${folder}/client.crt`, key: `${folder}/client.key` } };
  const stranger = { certificate: { cert: `${folder}/east.crt`, key: `${folder}/east.key` } };
  /** Gateways that ask clients for certificates. */
  const gateways = (all: readonly (readonly [name: string, port: number, tls: string])[]): string =>
    all
      .map(([name, port, tls]) =>
        gateway(name, port, `, caCertificates: ${folder}/client.crt, ${tls}`, { mode: 'MUTUAL' }),
      )
      .join('---\n');
  return [
    {
      feature: 'Gateway tls.minProtocolVersion',
      config: gateway('tls-newest', 9451, ', minProtocolVersion: TLSV1_3'),
      asks: [
        { ...at('tls-newest', 9451), expect: { status: 200 } },
        { ...at('tls-newest', 9451, { newestTls: 'TLSv1.2' }), expect: { status: 0 } },
      ],
    },
    {
      feature: 'Gateway tls.maxProtocolVersion and cipherSuites',
      config: gateway(
        'tls-older',
        9452,
        ', maxProtocolVersion: TLSV1_2, cipherSuites: [ECDHE-ECDSA-AES256-GCM-SHA384]',
      ),
      asks: [
        { ...at('tls-older', 9452), expect: { status: 200 } },
        { ...at('tls-older', 9452, { oldestTls: 'TLSv1.3' }), expect: { status: 0 } },
      ],
    },
    {
      feature: 'Gateway tls SIMPLE of bytes: TLS ends, TCP goes on',
      config: gateway('tls-bytes', 9453, '', {
        protocol: 'TLS',
        rest: 'tcp: [{route: [{destination: {host: bytes, port: {number: 9000}, subset: v2}}]}]',
      }),
      asks: [
        {
          via: 'gateway',
          to: '127.0.0.1:9453',
          protocol: 'tls',
          serverName: 'tls-bytes.test',
          body: 'inside',
          expect: { who: 'bytes v2', text: expect.stringMatching(/inside$/) },
        },
      ],
    },
    {
      feature: 'Gateway tls OPTIONAL_MUTUAL: a certificate may be shown, but only one that is trusted',
      config: gateway('tls-may', 9454, `, caCertificates: ${folder}/client.crt`, { mode: 'OPTIONAL_MUTUAL' }),
      asks: [
        { ...at('tls-may', 9454), expect: { status: 200 } },
        {
          ...at('tls-may', 9454, own),
          expect: {
            status: 200,
            received: { 'x-forwarded-client-cert': expect.stringContaining('client.example') },
          },
        },
        { ...at('tls-may', 9454, stranger), expect: { status: 0 } },
      ],
    },
    {
      feature: 'Gateway tls.subjectAltNames: of those that are trusted, some',
      config: gateways([
        ['tls-named', 9455, `subjectAltNames: ["spiffe://cluster.local/ns/shop/sa/client"]`],
        ['tls-other', 9456, 'subjectAltNames: [other.example]'],
      ]),
      asks: [
        { ...at('tls-named', 9455, own), expect: { status: 200 } },
        { ...at('tls-other', 9456, own), expect: { status: 0 } },
      ],
    },
    {
      feature: 'Gateway tls.verifyCertificateHash and verifyCertificateSpki: one certificate, or one key',
      config: () => {
        const { hash, spki } = pinsOf(folder, 'client');
        const { hash: otherHash, spki: otherSpki } = pinsOf(folder, 'server');
        return gateways([
          ['tls-hash', 9457, `verifyCertificateHash: ["${hash}"]`],
          ['tls-no-hash', 9458, `verifyCertificateHash: ["${otherHash}"]`],
          ['tls-spki', 9459, `verifyCertificateSpki: ["${spki}"]`],
          ['tls-no-spki', 9460, `verifyCertificateSpki: ["${otherSpki}"]`],
        ]);
      },
      asks: [
        { ...at('tls-hash', 9457, own), expect: { status: 200 } },
        { ...at('tls-no-hash', 9458, own), expect: { status: 0 } },
        { ...at('tls-spki', 9459, own), expect: { status: 200 } },
        { ...at('tls-no-spki', 9460, own), expect: { status: 0 } },
      ],
    },
    {
      feature: 'Gateway tls.caCrl: certificates that are revoked',
      config: gateways([
        ['tls-clean', 9461, `caCrl: ${folder}/client-clean.crl`],
        ['tls-revoked', 9462, `caCrl: ${folder}/client-revoked.crl`],
      ]),
      asks: [
        { ...at('tls-clean', 9461, own), expect: { status: 200 } },
        { ...at('tls-revoked', 9462, own), expect: { status: 0 } },
      ],
    },
    {
      feature: 'Gateway tls.insecureSkipVerify: whoever shows a certificate',
      config: gateways([['tls-anyone', 9463, 'insecureSkipVerify: true']]),
      asks: [
        { ...at('tls-anyone', 9463, stranger), expect: { status: 200 } },
        { ...at('tls-anyone', 9463), expect: { status: 0 } },
      ],
    },
    {
      feature: 'Gateway tls: each server of a port has its own certificate, by the name that is asked for',
      config: severalServers(folder),
      asks: ['one', 'two'].map((name) => ({
        via: 'gateway',
        to: '127.0.0.1:9465',
        protocol: 'https',
        serverName: `${name}.certs.test`,
        host: `${name}.certs.test`,
        expect: { status: 200, who: name === 'one' ? 'web v1' : 'web v2', certificate: `${name}.certs.test` },
      })),
    },
    {
      feature: 'Gateway tls.tlsCertificates: several, of which clients take what they can',
      config: gateway('tls-several', 9464, '').replace(
        files,
        `tlsCertificates: [${['both-rsa', 'both-ec'].map((one) => `{serverCertificate: ${folder}/${one}.crt, privateKey: ${folder}/${one}.key}`).join(', ')}]`,
      ),
      asks: (['TLSv1.2', 'TLSv1.3'] as const).flatMap((version) =>
        (
          [
            // Who takes either gets the shorter signature.
            [{}, 'ec.example'],
            [{ signatures: 'rsa_pss_rsae_sha256:rsa_pkcs1_sha256' }, 'rsa.example'],
            [{ signatures: 'ecdsa_secp256r1_sha256' }, 'ec.example'],
          ] as const
        ).map(([takes, certificate]) => ({
          ...at('tls-several', 9464, { newestTls: version, ...takes }),
          expect: { status: 200, certificate },
        })),
      ),
    },
  ];
}

/** Two servers of one port: each has a host, a certificate, and what it leads to. */
function severalServers(folder: string): string {
  const servers = ['one', 'two'].map(
    (name) =>
      `{port: {number: 9465, name: ${name}, protocol: HTTPS}, hosts: [${name}.certs.test], tls: {mode: SIMPLE, serverCertificate: ${folder}/${name}.crt, privateKey: ${folder}/${name}.key}}`,
  );
  const route = (name: string, http: string): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: certs-${name}, namespace: shop}
spec: {hosts: [${name}.certs.test], gateways: [certs], http: [{${http}}]}
`;
  return `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: certs, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [${servers.join(', ')}]}
---
${route('one', V1)}---
${route('two', V2)}`;
}
