/** TLS that ends at a gateway, or at a sidecar, with certificates that its server, or the proxy, names as files or by Secret. */

import type { GatewayServer } from '../../model/gateway-servers.ts';
import type { MeshConfig } from '../../model/mesh-settings.ts';
import type { TransportSocketSchema } from '../proto/generated/envoy/config/core/v3/base_pb.js';
import {
  CertificateValidationContext_TrustChainVerification,
  type TlsParametersSchema,
  TlsParameters_TlsProtocol,
} from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import {
  type CommonTlsContextSchema,
  DownstreamTlsContextSchema,
} from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { pack } from '../proto/registry.ts';
import type { CertificateFiles } from '../proxy-identity.ts';
import {
  BUILTIN_SCHEME,
  authoritiesName,
  isOfOtherServer,
  secretConfig,
  secretName,
} from '../secrets/names.ts';
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
  /** Why the proxy gets nothing for the name of a Secret; undefined when it does. */
  readonly secretFault: (name: string) => string | undefined;
  /** Hears why the server's certificates cannot be had. */
  readonly refuse: (message: string) => void;
  /** Hears why one of several certificates cannot be had, without which the server is open all the same. */
  readonly lack: (message: string) => void;
}

/** Undefined when the server's certificates cannot be had at all; those of Secrets may come later. */
export function serverTls(
  server: Pick<GatewayServer, 'spec'>,
  context: ServerTlsContext,
): Init<typeof TransportSocketSchema> | undefined {
  const tls = server.spec.tls ?? {};
  const mode = tls.mode ?? 'SIMPLE';
  const isOfMesh = mode === 'ISTIO_MUTUAL';
  const found = isOfMesh
    ? ofProxy('TLS mode ISTIO_MUTUAL', context)
    : (ofSecrets(tls, context) ?? ofFiles(tls, context));
  if (found === undefined || found === 'refused') return undefined;
  const asksClient = mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL' || isOfMesh;
  const config = pack(DownstreamTlsContextSchema, {
    requireClientCertificate: mode === 'MUTUAL' || isOfMesh,
    commonTlsContext: {
      alpnProtocols: [...(isOfMesh && context.carriesBytes ? ['istio-peer-exchange'] : []), 'h2', 'http/1.1'],
      tlsParams: isOfMesh ? MESH_VERSIONS : parameters(tls, context.mesh),
      ...found.certificates,
      ...(asksClient && validation(tls, found.authorities, isOfMesh)),
    },
  });
  return {
    name: 'envoy.transport_sockets.tls',
    configType: { case: 'typedConfig', value: config },
  };
}

type ServerTlsSettings = NonNullable<GatewayServer['spec']['tls']>;
type CommonTls = Init<typeof CommonTlsContextSchema>;

interface Certificates {
  readonly certificates: Pick<CommonTls, 'tlsCertificates' | 'tlsCertificateSdsSecretConfigs'>;
  /** The authorities that clients are trusted by: a file, or the `credentialName` that they come by. */
  readonly authorities: { readonly file: string | undefined } | { readonly credentialName: string };
}

type Pair = { readonly serverCertificate?: string; readonly privateKey?: string };

function fromPairs(pairs: readonly Pair[]): Certificates['certificates'] {
  return {
    tlsCertificates: pairs.map(({ serverCertificate, privateKey }) => ({
      certificateChain: fromFile(serverCertificate),
      privateKey: fromFile(privateKey),
    })),
  };
}

function ofProxy(what: string, { proxyCertificate, refuse }: ServerTlsContext): Certificates | 'refused' {
  const files = proxyCertificate();
  if (files === undefined) {
    refuse(
      `${what} needs a certificate of the mesh, which this control plane does not issue yet; ` +
        'name files of one in the metadata of the proxy (TLS_SERVER_CERT_CHAIN, TLS_SERVER_KEY, TLS_SERVER_ROOT_CERT)',
    );
    return 'refused';
  }
  return {
    certificates: fromPairs([{ serverCertificate: files.certificate, privateKey: files.privateKey }]),
    authorities: { file: files.authorities },
  };
}

/** Undefined when the server names no Secret. */
function ofSecrets(tls: ServerTlsSettings, context: ServerTlsContext): Certificates | 'refused' | undefined {
  const { credentialName = '', caCertCredentialName = '', mode } = tls;
  const names = tls.credentialNames ?? [];
  const all = names.length > 0 ? names : [credentialName];
  const [first = ''] = all;
  if (first === '') return undefined;
  if (first.startsWith(BUILTIN_SCHEME)) return ofProxy(`the name ${first}`, context);
  const authorities = caCertCredentialName === '' ? authoritiesName(first) : caCertCredentialName;
  const asksClient = mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL';
  const asked = asksClient ? [...all, authorities] : all;
  const foreign = asked.find(isOfOtherServer);
  if (foreign !== undefined) {
    context.refuse(
      `"${foreign}" would come from a server of secrets other than this control plane; name a Secret`,
    );
    return 'refused';
  }
  const faultOf = (name: string): string | undefined => context.secretFault(secretName(name));
  const faults = all.map(faultOf).filter((fault) => fault !== undefined);
  const [fault = asksClient ? faultOf(authorities) : undefined] = faults.length === all.length ? faults : [];
  if (fault !== undefined) context.refuse(fault);
  else for (const lacking of faults) context.lack(lacking);
  return {
    certificates: { tlsCertificateSdsSecretConfigs: all.map(secretConfig) },
    authorities: { credentialName: authorities },
  };
}

function ofFiles(tls: ServerTlsSettings, { refuse }: ServerTlsContext): Certificates | 'refused' {
  const listed: readonly Pair[] = tls.tlsCertificates ?? [];
  const single = { serverCertificate: tls.serverCertificate ?? '', privateKey: tls.privateKey ?? '' };
  const pairs = listed.length > 0 ? listed : [single];
  if (
    pairs.some(({ serverCertificate = '', privateKey = '' }) => serverCertificate === '' || privateKey === '')
  ) {
    refuse('it names no certificate; set serverCertificate and privateKey');
    return 'refused';
  }
  return { certificates: fromPairs(pairs), authorities: { file: tls.caCertificates } };
}

/** Which clients are let in. */
function validation(
  tls: ServerTlsSettings,
  authorities: Certificates['authorities'],
  isOfMesh: boolean,
): Pick<CommonTls, 'validationContextType'> {
  const checks = {
    ...((tls.caCrl ?? '') !== '' && { crl: fromFile(tls.caCrl) }),
    matchTypedSubjectAltNames: subjectAltNameMatchers(tls.subjectAltNames ?? []),
    verifyCertificateSpki: isOfMesh ? [] : [...(tls.verifyCertificateSpki ?? [])],
    verifyCertificateHash: isOfMesh ? [] : [...(tls.verifyCertificateHash ?? [])],
    ...(tls.insecureSkipVerify === true && { trustChainVerification: ACCEPT_UNTRUSTED }),
  };
  if ('file' in authorities) {
    const value = { trustedCa: fromFile(authorities.file), ...checks };
    return { validationContextType: { case: 'validationContext', value } };
  }
  return {
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        defaultValidationContext: checks,
        validationContextSdsSecretConfig: secretConfig(authorities.credentialName),
      },
    },
  };
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
