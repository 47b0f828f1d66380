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

/** All kinds of the mesh, those of Kubernetes that tell of services, and the ConfigMaps of the control plane. */
export function wantedKinds(istioNamespace: string): readonly WantedKind[] {
  return KINDS.flatMap((info): WantedKind[] => {
    if (info.key === 'core/ConfigMap') return [{ info, namespace: istioNamespace }];
    const isWanted = info.external ? KUBERNETES_KINDS.has(info.key) : info.scope !== 'File';
    return isWanted ? [{ info }] : [];
  });
}
