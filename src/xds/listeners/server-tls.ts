/** TLS that ends at a gateway, with the certificates that its server names as files. */

import type { GatewayServer } from '../../model/gateway-servers.ts';
import type { TransportSocketSchema } from '../proto/generated/envoy/config/core/v3/base_pb.js';
import { TlsParameters_TlsProtocol } from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import { DownstreamTlsContextSchema } from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { pack } from '../proto/registry.ts';
import { subjectAltNameMatchers } from '../subject-alt-names.ts';
import type { Init } from '../values.ts';

const VERSIONS: Readonly<Record<string, TlsParameters_TlsProtocol>> = {
  TLSV1_0: TlsParameters_TlsProtocol.TLSv1_0,
  TLSV1_1: TlsParameters_TlsProtocol.TLSv1_1,
  TLSV1_2: TlsParameters_TlsProtocol.TLSv1_2,
  TLSV1_3: TlsParameters_TlsProtocol.TLSv1_3,
};

/** Undefined when the server's certificates cannot be had; `refuse` hears why. */
export function serverTls(
  server: GatewayServer,
  refuse: (message: string) => void,
): Init<typeof TransportSocketSchema> | undefined {
  const tls = server.spec.tls ?? {};
  const mode = tls.mode ?? 'SIMPLE';
  if (mode === 'ISTIO_MUTUAL') {
    refuse('TLS mode ISTIO_MUTUAL needs certificates of the mesh, which are not available yet');
    return undefined;
  }
  if ((tls.credentialName ?? '') !== '' || (tls.credentialNames ?? []).length > 0) {
    refuse(
      `the secret "${tls.credentialName ?? tls.credentialNames?.[0] ?? ''}" cannot be served yet; ` +
        'name the files of a certificate (serverCertificate, privateKey, caCertificates) instead',
    );
    return undefined;
  }
  const pairs =
    (tls.tlsCertificates ?? []).length > 0
      ? (tls.tlsCertificates ?? [])
      : [{ serverCertificate: tls.serverCertificate ?? '', privateKey: tls.privateKey ?? '' }];
  if (
    pairs.some(({ serverCertificate = '', privateKey = '' }) => serverCertificate === '' || privateKey === '')
  ) {
    refuse('it names no certificate; set serverCertificate and privateKey');
    return undefined;
  }
  const asksClient = mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL';
  const context = pack(DownstreamTlsContextSchema, {
    requireClientCertificate: mode === 'MUTUAL',
    commonTlsContext: {
      alpnProtocols: ['h2', 'http/1.1'],
      tlsParams: {
        tlsMinimumProtocolVersion:
          VERSIONS[tls.minProtocolVersion ?? ''] ?? TlsParameters_TlsProtocol.TLSv1_2,
        tlsMaximumProtocolVersion:
          VERSIONS[tls.maxProtocolVersion ?? ''] ?? TlsParameters_TlsProtocol.TLS_AUTO,
        cipherSuites: [...(tls.cipherSuites ?? [])],
      },
      tlsCertificates: pairs.map(({ serverCertificate, privateKey }) => ({
        certificateChain: fromFile(serverCertificate),
        privateKey: fromFile(privateKey),
      })),
      ...(asksClient && {
        validationContextType: {
          case: 'validationContext' as const,
          value: {
            trustedCa: fromFile(tls.caCertificates),
            ...((tls.caCrl ?? '') !== '' && { crl: fromFile(tls.caCrl) }),
            matchTypedSubjectAltNames: subjectAltNameMatchers(tls.subjectAltNames ?? []),
            verifyCertificateSpki: [...(tls.verifyCertificateSpki ?? [])],
            verifyCertificateHash: [...(tls.verifyCertificateHash ?? [])],
          },
        },
      }),
    },
  });
  return {
    name: 'envoy.transport_sockets.tls',
    configType: { case: 'typedConfig', value: context },
  };
}

function fromFile(filename: string | undefined) {
  return { specifier: { case: 'filename' as const, value: filename ?? '' } };
}
