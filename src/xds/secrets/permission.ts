/** Who may have which Secret. */

import type { CredentialReference } from '../../model/credentials.ts';
import { gatewayServers } from '../../model/gateway-servers.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { ProxyIdentity } from '../proxy-identity.ts';
import { authoritiesName, secretName } from './names.ts';

/**
 * Why a proxy may not have what a name means; undefined when it may. Secrets are served to proxies of their own
 * namespace only; what a name of the scheme `kubernetes-gateway` means only where a Gateway of that namespace names it.
 * ConfigMaps hold nothing that is secret.
 */
export function secretRefusal(
  snapshot: Snapshot,
  proxy: ProxyIdentity,
  { scheme, namespace }: CredentialReference,
  name: string,
): string | undefined {
  if (scheme === 'configmap') return undefined;
  if (namespace !== proxy.namespace) {
    return `Secrets of namespace ${namespace} are not for proxies of namespace ${proxy.namespace}`;
  }
  if (scheme === 'kubernetes' || isNamedByGateway(snapshot, proxy, name)) return undefined;
  return `no Gateway of namespace ${namespace} names ${name} for this proxy`;
}

function isNamedByGateway(snapshot: Snapshot, proxy: ProxyIdentity, name: string): boolean {
  const gateways = snapshot.list('networking.istio.io/Gateway');
  return gatewayServers(gateways, proxy.labels, (one) => snapshot.namespaceOf(one))
    .filter(({ namespace }) => namespace === proxy.namespace)
    .flatMap(({ spec: { tls = {} } }) => [
      ...(tls.credentialNames ?? []),
      tls.credentialName ?? '',
      tls.caCertCredentialName ?? '',
    ])
    .filter((credentialName) => credentialName !== '')
    .some((one) => name === secretName(one) || name === authoritiesName(secretName(one)));
}
