/** TLS from the proxy to endpoints, as a DestinationRule asks for it. */

import { type FeatureCase, get } from './case.ts';
import { POLICY, served } from './manifests.ts';

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
  ];
}
