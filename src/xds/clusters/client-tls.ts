/** TLS from the proxy to the endpoints of a cluster, as a DestinationRule asks for it. */

import type { MeshConfig } from '../../model/mesh-settings.ts';
import type { ConfigReference, ReportProblem } from '../problem.ts';
import type { TransportSocketSchema } from '../proto/generated/envoy/config/core/v3/base_pb.js';
import { ProxyProtocolConfig_Version } from '../proto/generated/envoy/config/core/v3/proxy_protocol_pb.js';
import { ProxyProtocolUpstreamTransportSchema } from '../proto/generated/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.js';
import { RawBufferSchema } from '../proto/generated/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js';
import type { CertificateValidationContextSchema } from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import {
  type CommonTlsContextSchema,
  UpstreamTlsContextSchema,
} from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { TlsParameters_TlsProtocol } from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import { pack } from '../proto/registry.ts';
import {
  BUILTIN_SCHEME,
  authoritiesName,
  isOfOtherServer,
  secretConfig,
  secretName,
} from '../secrets/names.ts';
import { subjectAltNameMatchers } from '../subject-alt-names.ts';
import type { CertificateFiles } from '../proxy-identity.ts';
import { type Init, defined } from '../values.ts';
import type { EffectivePolicy } from '../../model/traffic-policy.ts';

type TlsSettings = NonNullable<EffectivePolicy['tls']>;
type TransportSocket = Init<typeof TransportSocketSchema>;

/** Where the systems that Envoy's images stand on keep the certificates they trust. */
const SYSTEM_CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

export interface ClientTls {
  /** Undefined for connections in the clear. */
  readonly socket: TransportSocket | undefined;
  /** The server name is taken from each request's host. */
  readonly sniFromHost: boolean;
  /** The certificate has to be for each request's host. */
  readonly verifiesHost: boolean;
  /** What is asked for cannot be done: no connection may be opened. */
  readonly refused: boolean;
}

/** Connections in the clear, or with TLS that is not the proxy's. */
export const NO_TLS: ClientTls = {
  socket: undefined,
  sniFromHost: false,
  verifiesHost: false,
  refused: false,
};

/** What of TLS a cluster's policy does not say. */
export interface ClientTlsContext {
  readonly http2: boolean;
  /** Outside of the mesh: the proxy's own certificate is none for it. */
  readonly external: boolean;
  /** Endpoints are looked up by the hosts of requests, so that their certificates have to be for these. */
  readonly ofHosts?: boolean;
  readonly proxyCertificate: () => CertificateFiles | undefined;
  /** A gateway, or a workload that the rule is for: those take certificates from Secrets. */
  readonly takesCredentials: () => boolean;
  /** Why the proxy gets nothing for the name of a Secret; undefined when it does. */
  readonly secretFault: (name: string) => string | undefined;
  /** The names that endpoints have certificates for; asked when the policy names none. */
  readonly serverNames: () => readonly string[];
  readonly mesh: MeshConfig;
  /** Whose settings these are. */
  readonly owner: ConfigReference;
  /** Hears what cannot be put into force. */
  readonly report: ReportProblem;
}

/** The transport of a cluster under a policy. */
export function clientTls(policy: EffectivePolicy, context: ClientTlsContext): ClientTls {
  const tls = withTls(withProxyCertificate(policy.tls, context), context);
  const version = policy.proxyProtocol?.version;
  if (policy.proxyProtocol === undefined) return tls;
  const inner = tls.socket ?? {
    name: 'envoy.transport_sockets.raw_buffer',
    configType: { case: 'typedConfig', value: pack(RawBufferSchema, {}) },
  };
  const config = pack(ProxyProtocolUpstreamTransportSchema, {
    config: { version: version === 'V2' ? ProxyProtocolConfig_Version.V2 : ProxyProtocolConfig_Version.V1 },
    transportSocket: inner,
  });
  return {
    ...tls,
    socket: {
      name: 'envoy.transport_sockets.upstream_proxy_protocol',
      configType: { case: 'typedConfig', value: config },
    },
  };
}

/**
 * A proxy whose metadata names files of a certificate shows that one wherever a client certificate is wanted within the
 * mesh, instead of what the rule names. https://istio.io/latest/docs/ops/configuration/ (`ISTIO_META_TLS_CLIENT_*`)
 */
function withProxyCertificate(
  tls: TlsSettings | undefined,
  { external, proxyCertificate }: ClientTlsContext,
): TlsSettings | undefined {
  if (external || (tls?.mode !== 'MUTUAL' && tls?.mode !== 'ISTIO_MUTUAL')) return tls;
  const files = proxyCertificate();
  if (files === undefined) return tls;
  const { subjectAltNames, sni, insecureSkipVerify } = tls;
  return {
    mode: 'MUTUAL',
    clientCertificate: files.certificate,
    privateKey: files.privateKey,
    caCertificates: files.authorities,
    ...defined({ subjectAltNames, sni, insecureSkipVerify }),
  };
}

function withTls(tls: TlsSettings | undefined, context: ClientTlsContext): ClientTls {
  const { http2, owner, report } = context;
  const mode = tls?.mode ?? 'DISABLE';
  if (tls === undefined || mode === 'DISABLE') return NO_TLS;
  if (mode === 'ISTIO_MUTUAL') {
    report(
      owner,
      'TLS mode ISTIO_MUTUAL is not enforced: workloads have no certificates from this control plane yet, ' +
        'so connections are opened in the clear.',
    );
    return NO_TLS;
  }
  const certificates = certificatesOf(tls, context);
  if (certificates === 'refused') {
    return { socket: undefined, sniFromHost: false, verifiesHost: false, refused: true };
  }
  const sni = tls.sni ?? '';
  const names = tls.subjectAltNames ?? [];
  const config = pack(UpstreamTlsContextSchema, {
    ...(sni !== '' && { sni }),
    commonTlsContext: {
      tlsParams: {
        tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2,
        tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
        cipherSuites: [...(context.mesh.tlsDefaults?.cipherSuites ?? [])],
        ecdhCurves: [...(context.mesh.tlsDefaults?.ecdhCurves ?? [])],
      },
      ...(http2 && { alpnProtocols: ['h2'] }),
      ...certificates,
      ...validation(tls, () => (names.length > 0 ? names : context.serverNames())),
    },
  });
  return {
    socket: {
      name: 'envoy.transport_sockets.tls',
      configType: { case: 'typedConfig', value: config },
    },
    sniFromHost: sni === '',
    // Names of a ServiceEntry are asked for besides the host, as Istio has it.
    verifiesHost:
      (context.ofHosts === true || (sni === '' && names.length === 0)) && tls.insecureSkipVerify !== true,
    refused: false,
  };
}

type CommonTls = Init<typeof CommonTlsContextSchema>;

/** The certificate that the proxy shows, if any, by file or by Secret. */
function certificatesOf(
  tls: TlsSettings,
  context: ClientTlsContext,
): Pick<CommonTls, 'tlsCertificates' | 'tlsCertificateSdsSecretConfigs'> | 'refused' {
  const { mode, credentialName = '' } = tls;
  if (credentialName !== '') {
    const why = credentialRefusal(tls, credentialName, context);
    if (why !== undefined) {
      context.report(
        context.owner,
        `TLS with the credential "${credentialName}" is not in force, so connections are refused: ${why}.`,
      );
      return 'refused';
    }
    return mode === 'MUTUAL' ? { tlsCertificateSdsSecretConfigs: [secretConfig(credentialName)] } : {};
  }
  if (mode !== 'MUTUAL') return {};
  const pair = { certificateChain: fromFile(tls.clientCertificate), privateKey: fromFile(tls.privateKey) };
  return { tlsCertificates: [pair] };
}

/**
 * Why a credential is not even asked for. One that is asked for and does not come is told of, and connections fail
 * until it does. Istio has sidecars call in the clear where a rule for all names a Secret; here nothing is sent that
 * was to be encrypted. https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
 */
function credentialRefusal(
  tls: TlsSettings,
  credentialName: string,
  { takesCredentials, secretFault, report, owner }: ClientTlsContext,
): string | undefined {
  if (isOfOtherServer(credentialName)) {
    return 'it would come from a server of secrets other than this control plane; name a Secret';
  }
  if (credentialName.startsWith(BUILTIN_SCHEME)) {
    return 'it is the certificate of the mesh, which this control plane does not issue yet';
  }
  if (!isConfigMap(credentialName) && !takesCredentials()) {
    return 'sidecars take Secrets only from a rule with a workloadSelector; set one, or send the requests by a gateway';
  }
  const asked = [
    ...(tls.mode === 'MUTUAL' ? [credentialName] : []),
    ...(tls.insecureSkipVerify === true ? [] : [authoritiesName(credentialName)]),
  ];
  const [fault] = asked.map((name) => secretFault(secretName(name))).filter((one) => one !== undefined);
  if (fault !== undefined) {
    report(owner, `TLS with the credential "${credentialName}" is not ready, so connections fail: ${fault}.`);
  }
  return undefined;
}

function isConfigMap(credentialName: string): boolean {
  return credentialName.startsWith('configmap://');
}

function fromFile(filename: string | undefined) {
  return { specifier: { case: 'filename' as const, value: filename ?? '' } };
}

function validation(
  tls: TlsSettings,
  names: () => readonly string[],
): Pick<CommonTls, 'validationContextType'> {
  if (tls.insecureSkipVerify === true) return {};
  const { credentialName = '' } = tls;
  if (credentialName !== '') {
    return {
      validationContextType: {
        case: 'combinedValidationContext',
        value: {
          defaultValidationContext: { matchTypedSubjectAltNames: subjectAltNameMatchers(names()) },
          validationContextSdsSecretConfig: secretConfig(authoritiesName(credentialName)),
        },
      },
    };
  }
  const named = tls.caCertificates ?? '';
  const crl = tls.caCrl ?? '';
  const context: Init<typeof CertificateValidationContextSchema> = {
    trustedCa: fromFile(named === '' || named === 'system' ? SYSTEM_CERTIFICATES : named),
    ...(crl !== '' && { crl: fromFile(crl) }),
    matchTypedSubjectAltNames: subjectAltNameMatchers(names()),
  };
  return { validationContextType: { case: 'validationContext', value: context } };
}
