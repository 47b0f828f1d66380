/** How listeners and clusters ask for certificates by name (SDS), over the stream that they came over themselves. */

import { AUTHORITIES_SUFFIX } from '../../model/credentials.ts';
import { ApiVersion } from '../proto/generated/envoy/config/core/v3/config_source_pb.js';
import type { SdsSecretConfigSchema } from '../proto/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import type { Init } from '../values.ts';

/** The certificate of the mesh, which is no Secret. */
export const BUILTIN_SCHEME = 'builtin://';

/** Names that configuration may write with their scheme. */
const OWN_SCHEMES = ['kubernetes://', 'kubernetes-gateway://', 'configmap://', 'invalid://'] as const;

/** A name whose content comes from a server of secrets other than the controller. */
export function isOfOtherServer(credentialName: string): boolean {
  return credentialName.startsWith('sds://');
}

/** The name that proxies ask for by a `credentialName`. https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings */
export function secretName(credentialName: string): string {
  if (credentialName.startsWith('invalid://')) return 'invalid://';
  return OWN_SCHEMES.some((scheme) => credentialName.startsWith(scheme))
    ? credentialName
    : `kubernetes://${credentialName}`;
}

/** The name of the authorities that belong to a certificate. */
export function authoritiesName(credentialName: string): string {
  return credentialName + AUTHORITIES_SUFFIX;
}

/**
 * Asks for a certificate by name. Other than for clusters and listeners the proxy waits for it only as long as it waits
 * by itself: what it belongs to stays shut without it, and must not keep the rest from being served.
 */
export function secretConfig(credentialName: string): Init<typeof SdsSecretConfigSchema> {
  return {
    name: secretName(credentialName),
    sdsConfig: {
      configSourceSpecifier: { case: 'ads', value: {} },
      resourceApiVersion: ApiVersion.V3,
    },
  };
}
