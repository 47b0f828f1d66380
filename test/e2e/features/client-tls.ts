/** TLS from the proxy to endpoints, as a DestinationRule asks for it. */

import { type FeatureCase, get } from './case.ts';
import { POLICY, entry, routed, served } from './manifests.ts';

export const CLIENT_TLS: readonly FeatureCase[] = [
  {
    feature: 'DestinationRule tls SIMPLE, with the name that is asked for',
    config: served(
      'tls-simple',
      POLICY('{tls: {mode: SIMPLE, sni: named.example, insecureSkipVerify: true}}'),
      {
        port: '{number: 80, name: http, protocol: HTTP, targetPort: 8443}',
      },
    ),
    asks: [{ ...get('tls-simple'), expect: { status: 200, serverName: 'named.example' } }],
  },
  {
    feature: 'DestinationRule tls DISABLE',
    config: served('tls-off', POLICY('{tls: {mode: DISABLE}}')),
    asks: [{ ...get('tls-off'), expect: { status: 200 } }],
  },
];

/** Those that name files of certificates, which the world makes. */
export function certificateCases(folder: string): readonly FeatureCase[] {
  const port = { port: '{number: 80, name: http, protocol: HTTP, targetPort: 8443}' };
  return [
    {
      feature: 'DestinationRule tls SIMPLE: a certificate that is checked',
      config: `${served('tls-checked', POLICY(`{tls: {mode: SIMPLE, sni: backend.example, caCertificates: ${folder}/server.crt, subjectAltNames: [backend.example]}}`), port)}---
${served('tls-wrong', POLICY(`{tls: {mode: SIMPLE, sni: backend.example, caCertificates: ${folder}/server.crt, subjectAltNames: [other.example]}}`), port)}---
${served('tls-stranger', POLICY(`{tls: {mode: SIMPLE, sni: backend.example, caCertificates: ${folder}/client.crt}}`), port)}`,
      asks: [
        { ...get('tls-checked'), expect: { status: 200, serverName: 'backend.example', client: '' } },
        { ...get('tls-wrong'), expect: { status: 503 } },
        { ...get('tls-stranger'), expect: { status: 503 } },
      ],
    },
    {
      feature: 'DestinationRule tls.caCertificates system, or none: what the system trusts, and nobody else',
      config: `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: tls-unknown, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 9458, name: tls, protocol: HTTPS}, hosts: ["*"], tls: {mode: SIMPLE, serverCertificate: ${folder}/east.crt, privateKey: ${folder}/east.key}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: tls-unknown, namespace: shop}
spec: {hosts: ["*"], gateways: [tls-unknown], http: [{directResponse: {status: 204}}]}
---
${[
  ['system', 'sni: backend.example, caCertificates: system', '10.40.0.1', 8443],
  ['system-unsaid', 'sni: backend.example', '10.40.0.1', 8443],
  [
    'system-names',
    'sni: backend.example, caCertificates: system, subjectAltNames: [other.example]',
    '10.40.0.1',
    8443,
  ],
  ['system-unknown', 'sni: east.example, caCertificates: system', '127.0.0.1', 9458],
  ['not-system', `sni: east.example, caCertificates: ${folder}/east.crt`, '127.0.0.1', 9458],
]
  .map(
    ([
      name,
      tls,
      address,
      number,
    ]) => `${entry(`tls-${name}`, `resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: ${number}}], endpoints: [{address: ${address}}]`)}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: tls-${name}, namespace: shop}
spec: {host: tls-${name}.test, trafficPolicy: {tls: {mode: SIMPLE, ${tls}}}}
---
${routed(`tls-${name}`, `- route: [{destination: {host: tls-${name}.test}}]`)}`,
  )
  .join('---\n')}`,
      asks: [
        { ...get('tls-system'), expect: { status: 200, serverName: 'backend.example' } },
        { ...get('tls-system-unsaid'), expect: { status: 200 } },
        { ...get('tls-system-names'), expect: { status: 503 } },
        { ...get('tls-system-unknown'), expect: { status: 503 } },
        { ...get('tls-not-system'), expect: { status: 204 } },
      ],
    },
    {
      feature: 'DestinationRule tls MUTUAL: the client shows a certificate',
      config: served(
        'tls-mutual',
        POLICY(
          `{tls: {mode: MUTUAL, sni: backend.example, clientCertificate: ${folder}/client.crt, privateKey: ${folder}/client.key, caCertificates: ${folder}/server.crt}}`,
        ),
        port,
      ),
      asks: [{ ...get('tls-mutual'), expect: { status: 200, client: 'client.example' } }],
    },
    {
      feature: 'DestinationRule tls.subjectAltNames: of any sort, an address too',
      config: served(
        'tls-address',
        POLICY(
          `{tls: {mode: SIMPLE, sni: backend.example, caCertificates: ${folder}/server.crt, subjectAltNames: [10.40.0.1]}}`,
        ),
        port,
      ),
      asks: [{ ...get('tls-address'), expect: { status: 200 } }],
    },
    {
      feature:
        'DestinationRule tls without sni: the host of the request is asked for, and has to be the name',
      config: `${served('tls-host', POLICY(`{tls: {mode: SIMPLE, caCertificates: ${folder}/server.crt}}`), { ...port, vs: false })}---
${routed('tls-host', '- match: [{uri: {prefix: /named}}]\n  rewrite: {authority: backend.example}\n  route: [{destination: {host: tls-host.test}}]\n- route: [{destination: {host: tls-host.test}}]')}`,
      asks: [
        { ...get('tls-host', { path: '/named' }), expect: { status: 200, serverName: 'backend.example' } },
        { ...get('tls-host', { path: '/' }), expect: { status: 503 } },
      ],
    },
    {
      feature: 'DestinationRule tls.caCrl: a certificate that is revoked',
      config: ['clean', 'revoked']
        .map((list) =>
          served(
            `crl-${list}`,
            POLICY(
              `{tls: {mode: SIMPLE, sni: backend.example, caCertificates: ${folder}/server.crt, caCrl: ${folder}/server-${list}.crl}}`,
            ),
            port,
          ),
        )
        .join('---\n'),
      asks: [
        { ...get('crl-clean'), expect: { status: 200 } },
        { ...get('crl-revoked'), expect: { status: 503 } },
      ],
    },
    {
      feature:
        'ServiceEntry subjectAltNames, and the identities of its workloads: whose certificates are taken',
      config: [
        ['se-names', 'subjectAltNames: [backend.example]', ''],
        ['se-other-names', 'subjectAltNames: [other.example]', ''],
        ['se-identity', 'subjectAltNames: []', ', serviceAccount: web'],
        ['se-names-and-identity', 'subjectAltNames: [backend.example]', ', serviceAccount: web'],
      ]
        .map(
          ([name = '', names = '', identity = '']) => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}, namespace: shop}
spec: {hosts: [${name}.test], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8443}], ${names}, endpoints: [{address: 10.50.0.1${identity}}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}, namespace: shop}
spec: {host: ${name}.test, trafficPolicy: {tls: {mode: SIMPLE, sni: backend.example, caCertificates: ${folder}/server.crt}}}
---
${routed(name, `- route: [{destination: {host: ${name}.test}}]`)}`,
        )
        .join('---\n'),
      asks: [
        { ...get('se-names'), expect: { status: 200, serverName: 'backend.example' } },
        { ...get('se-other-names'), expect: { status: 503 } },
        { ...get('se-identity'), expect: { status: 503 } },
        { ...get('se-names-and-identity'), expect: { status: 200 } },
      ],
    },
  ];
}
