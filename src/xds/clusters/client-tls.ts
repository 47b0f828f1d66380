/** TLS from the proxy to the endpoints of a cluster, as a DestinationRule asks for it. */

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
import { subjectAltNameMatchers } from '../subject-alt-names.ts';
import type { Init } from '../values.ts';
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

const PLAIN: ClientTls = { socket: undefined, sniFromHost: false, verifiesHost: false, refused: false };

/** The transport of a cluster under a policy; what cannot be put into force is reported for `owner`. */
export function clientTls(
  policy: EffectivePolicy,
  http2: boolean,
  owner: ConfigReference,
  report: ReportProblem,
): ClientTls {
  const tls = withTls(policy.tls, http2, owner, report);
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

function withTls(
  tls: TlsSettings | undefined,
  http2: boolean,
  owner: ConfigReference,
  report: ReportProblem,
): ClientTls {
  const mode = tls?.mode ?? 'DISABLE';
  if (tls === undefined || mode === 'DISABLE') return PLAIN;
  if (mode === 'ISTIO_MUTUAL') {
    report(
      owner,
      'TLS mode ISTIO_MUTUAL is not enforced: workloads have no certificates from this control plane yet, ' +
        'so connections are opened in the clear.',
    );
    return PLAIN;
  }
  if ((tls.credentialName ?? '') !== '') {
    report(
      owner,
      `TLS with the credential "${tls.credentialName}" is not available yet, so connections are refused. ` +
        'Name certificate files (caCertificates, clientCertificate, privateKey) instead.',
    );
    return { socket: undefined, sniFromHost: false, verifiesHost: false, refused: true };
  }
  const sni = tls.sni ?? '';
  const context = pack(UpstreamTlsContextSchema, {
    ...(sni !== '' && { sni }),
    commonTlsContext: {
      tlsParams: {
        tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2,
        tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
      },
      ...(http2 && { alpnProtocols: ['h2'] }),
      ...(mode === 'MUTUAL' && {
        tlsCertificates: [
          { certificateChain: fromFile(tls.clientCertificate), privateKey: fromFile(tls.privateKey) },
        ],
      }),
      ...validation(tls),
    },
  });
  return {
    socket: {
      name: 'envoy.transport_sockets.tls',
      configType: { case: 'typedConfig', value: context },
    },
    sniFromHost: sni === '',
    verifiesHost: sni === '' && (tls.subjectAltNames ?? []).length === 0 && tls.insecureSkipVerify !== true,
    refused: false,
  };
}

function fromFile(filename: string | undefined) {
  return { specifier: { case: 'filename' as const, value: filename ?? '' } };
}

function validation(tls: TlsSettings): Pick<Init<typeof CommonTlsContextSchema>, 'validationContextType'> {
  if (tls.insecureSkipVerify === true) return {};
  const named = tls.caCertificates ?? '';
  const crl = tls.caCrl ?? '';
  const context: Init<typeof CertificateValidationContextSchema> = {
    trustedCa: fromFile(named === '' || named === 'system' ? SYSTEM_CERTIFICATES : named),
    ...(crl !== '' && { crl: fromFile(crl) }),
    matchTypedSubjectAltNames: subjectAltNameMatchers(tls.subjectAltNames ?? []),
  };
  return { validationContextType: { case: 'validationContext', value: context } };
}
