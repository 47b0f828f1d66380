/** What the controller reads of a cluster: as much as its role allows, and no more than the model needs. */

import { KINDS } from '../api/kinds.ts';
import type { KindKey } from '../api/kind-info.ts';
import type { WantedKind } from '../kube/discovery.ts';

/** Kubernetes' own kinds that say which services there are, and where. */
const KUBERNETES_KINDS: ReadonlySet<KindKey> = new Set([
  'core/Endpoints',
  'core/Namespace',
  'core/Node',
  'core/Pod',
  'core/Service',
  'discovery.k8s.io/EndpointSlice',
]);

/** Secrets of these types hold nothing for proxies, and much else. */
const NO_CERTIFICATES = ['helm.sh/release.v1', 'kubernetes.io/service-account-token'];

/**
 * All kinds of the mesh, those of Kubernetes that tell of services, and the ConfigMaps of the control plane; Secrets only
 * where they are served to proxies.
 */
export function wantedKinds(
  istioNamespace: string,
  { servesSecrets }: { readonly servesSecrets: boolean } = { servesSecrets: false },
): readonly WantedKind[] {
  return KINDS.flatMap((info): WantedKind[] => {
    if (info.key === 'core/Secret' && servesSecrets) {
      return [{ info, fieldSelector: NO_CERTIFICATES.map((type) => `type!=${type}`).join(',') }];
    }
    if (info.key === 'core/ConfigMap') return [{ info, namespace: istioNamespace }];
    const isWanted = info.external ? KUBERNETES_KINDS.has(info.key) : info.scope !== 'File';
    return isWanted ? [{ info }] : [];
  });
}
