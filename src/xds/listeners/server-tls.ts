/** TLS that ends at a gateway, or at a sidecar, with the certificates that its server, or the proxy, names as files. */

import type { GatewayServer } from '../../model/gateway-servers.ts';
import type { MeshConfig } from '../../model/mesh-settings.ts';
import type { TransportSocketSchema } from '../proto/generated/envoy/config/core/v3/base_pb.js';
import {
  CertificateValidationContext_TrustChainVerification,
  type TlsParametersSchema,
  TlsParameters_TlsProtocol,
} from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import { DownstreamTlsContextSchema } from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { pack } from '../proto/registry.ts';
import type { CertificateFiles } from '../proxy-identity.ts';
import { subjectAltNameMatchers } from '../subject-alt-names.ts';
import type { Init } from '../values.ts';

const { ACCEPT_UNTRUSTED } = CertificateValidationContext_TrustChainVerification;

const VERSIONS: Readonly<Record<string, TlsParameters_TlsProtocol>> = {
  TLSV1_0: TlsParameters_TlsProtocol.TLSv1_0,
  TLSV1_1: TlsParameters_TlsProtocol.TLSv1_1,
  TLSV1_2: TlsParameters_TlsProtocol.TLSv1_2,
  TLSV1_3: TlsParameters_TlsProtocol.TLSv1_3,
};

/** Among proxies of a mesh. */
const MESH_VERSIONS: Init<typeof TlsParametersSchema> = {
  tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2,
  tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
};

/** What of TLS the server does not say itself. */
export interface ServerTlsContext {
  /** The proxy's own certificate, for ISTIO_MUTUAL. */
  readonly proxyCertificate: () => CertificateFiles | undefined;
  /** Clients are proxies of the mesh that carry no HTTP in it. */
  readonly carriesBytes: boolean;
  readonly mesh: MeshConfig;
  /** Hears why the server's certificates cannot be had. */
  readonly refuse: (message: string) => void;
}

type Pair = { readonly serverCertificate?: string; readonly privateKey?: string };

/** Undefined when the server's certificates cannot be had. */
export function serverTls(
  server: Pick<GatewayServer, 'spec'>,
  context: ServerTlsContext,
): Init<typeof TransportSocketSchema> | undefined {
  const tls = server.spec.tls ?? {};
  const mode = tls.mode ?? 'SIMPLE';
  const found = mode === 'ISTIO_MUTUAL' ? ofProxy(context) : ofServer(server, context);
  if (found === undefined) return undefined;
  const asksClient = mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL' || mode === 'ISTIO_MUTUAL';
  const isOfMesh = mode === 'ISTIO_MUTUAL';
  const config = pack(DownstreamTlsContextSchema, {
    requireClientCertificate: mode === 'MUTUAL' || isOfMesh,
    commonTlsContext: {
      alpnProtocols: [...(isOfMesh && context.carriesBytes ? ['istio-peer-exchange'] : []), 'h2', 'http/1.1'],
      tlsParams: isOfMesh ? MESH_VERSIONS : parameters(tls, context.mesh),
      tlsCertificates: found.pairs.map(({ serverCertificate, privateKey }) => ({
        certificateChain: fromFile(serverCertificate),
        privateKey: fromFile(privateKey),
      })),
      ...(asksClient && {
        validationContextType: {
          case: 'validationContext' as const,
          value: {
            trustedCa: fromFile(found.authorities),
            ...((tls.caCrl ?? '') !== '' && { crl: fromFile(tls.caCrl) }),
            matchTypedSubjectAltNames: subjectAltNameMatchers(tls.subjectAltNames ?? []),
            verifyCertificateSpki: isOfMesh ? [] : [...(tls.verifyCertificateSpki ?? [])],
            verifyCertificateHash: isOfMesh ? [] : [...(tls.verifyCertificateHash ?? [])],
            ...(tls.insecureSkipVerify === true && { trustChainVerification: ACCEPT_UNTRUSTED }),
          },
        },
      }),
    },
  });
  return {
    name: 'envoy.transport_sockets.tls',
    configType: { case: 'typedConfig', value: config },
  };
}

interface Certificates {
  readonly pairs: readonly Pair[];
  /** File of the authorities that clients are trusted by. */
  readonly authorities: string | undefined;
}

function ofProxy({ proxyCertificate, refuse }: ServerTlsContext): Certificates | undefined {
  const files = proxyCertificate();
  if (files === undefined) {
    refuse(
      'TLS mode ISTIO_MUTUAL needs a certificate of the mesh, which this control plane does not issue yet; ' +
        'name files of one in the metadata of the proxy (TLS_SERVER_CERT_CHAIN, TLS_SERVER_KEY, TLS_SERVER_ROOT_CERT)',
    );
    return undefined;
  }
  const pair = { serverCertificate: files.certificate, privateKey: files.privateKey };
  return { pairs: [pair], authorities: files.authorities };
}

function ofServer(
  { spec }: Pick<GatewayServer, 'spec'>,
  { refuse }: ServerTlsContext,
): Certificates | undefined {
  const tls = spec.tls ?? {};
  if ((tls.credentialName ?? '') !== '' || (tls.credentialNames ?? []).length > 0) {
    refuse(
      `the secret "${tls.credentialName ?? tls.credentialNames?.[0] ?? ''}" cannot be served yet; ` +
        'name the files of a certificate (serverCertificate, privateKey, caCertificates) instead',
    );
    return undefined;
  }
  const listed: readonly Pair[] = tls.tlsCertificates ?? [];
  const single = { serverCertificate: tls.serverCertificate ?? '', privateKey: tls.privateKey ?? '' };
  const pairs = listed.length > 0 ? listed : [single];
  if (
    pairs.some(({ serverCertificate = '', privateKey = '' }) => serverCertificate === '' || privateKey === '')
  ) {
    refuse('it names no certificate; set serverCertificate and privateKey');
    return undefined;
  }
  return { pairs, authorities: tls.caCertificates };
}

/** What the server says counts before MeshConfig.tlsDefaults. */
function parameters(
  tls: NonNullable<GatewayServer['spec']['tls']>,
  { tlsDefaults = {} }: MeshConfig,
): Init<typeof TlsParametersSchema> {
  const own = tls.cipherSuites ?? [];
  return {
    tlsMinimumProtocolVersion:
      VERSIONS[tls.minProtocolVersion ?? ''] ??
      VERSIONS[tlsDefaults.minProtocolVersion ?? ''] ??
      TlsParameters_TlsProtocol.TLSv1_2,
    tlsMaximumProtocolVersion: VERSIONS[tls.maxProtocolVersion ?? ''] ?? TlsParameters_TlsProtocol.TLS_AUTO,
    cipherSuites: [...(own.length > 0 ? own : (tlsDefaults.cipherSuites ?? []))],
    ecdhCurves: [...(tlsDefaults.ecdhCurves ?? [])],
  };
}

function fromFile(filename: string | undefined) {
  return { specifier: { case: 'filename' as const, value: filename ?? '' } };
}
