/** Selectors of PeerAuthentications and RequestAuthentications: some workload should have the labels. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { MeshObject } from '../../../config/object.ts';
import { selectsInstalledGateway } from '../../../model/gateway-workloads.ts';
import { kubernetesGatewayPods } from '../../../model/kubernetes-gateways.ts';
import { type Labels, formatLabels, matchesLabels } from '../../../model/selectors.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { BUILTIN_FILE } from '../../builtin-gateway.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

const KINDS = ['security.istio.io/PeerAuthentication', 'security.istio.io/RequestAuthentication'] as const;

type Policy = MeshObject<KindTypes[(typeof KINDS)[number]]>;

export const analyzer: Analyzer = {
  name: 'policy.SelectorAnalyzer',
  summary: 'PeerAuthentications and RequestAuthentications select workloads',
  reads: [
    ...WORKLOAD_KINDS,
    ...KINDS,
    'gateway.networking.k8s.io/Gateway',
    'networking.istio.io/WorkloadEntry',
    'networking.istio.io/WorkloadGroup',
  ],
  messages: [MESH_MESSAGES.PolicySelectsNoWorkload],
  analyze({ snapshot, report }) {
    const members = membersOf(snapshot);
    if (!snapshot.workloads.all.some(({ object }) => object.source.file !== BUILTIN_FILE)) return;
    for (const object of KINDS.flatMap((kind): readonly Policy[] => snapshot.list(kind))) {
      const labels = object.value.spec?.selector?.matchLabels ?? {};
      if (Object.keys(labels).length === 0 || selectsInstalledGateway(labels)) continue;
      const namespace = snapshot.namespaceOf(object);
      const isMeshWide = namespace === snapshot.mesh.rootNamespace;
      const isSelected = members.some(
        (member) => (isMeshWide || member.namespace === namespace) && matchesLabels(labels, member.labels),
      );
      if (isSelected) continue;
      report(MESH_MESSAGES.PolicySelectsNoWorkload, object, ['spec', 'selector', 'matchLabels'], {
        kind: object.kind,
        labels: formatLabels(labels),
      });
    }
  },
};

/** Workloads in pods and on machines, and the gateways that Gateways will bring. */
function membersOf(snapshot: Snapshot): readonly { readonly namespace: string; readonly labels: Labels }[] {
  const entries = snapshot.list('networking.istio.io/WorkloadEntry').map((object) => ({
    namespace: snapshot.namespaceOf(object),
    labels: { ...object.meta.labels, ...object.value.spec?.labels },
  }));
  const groups = snapshot.list('networking.istio.io/WorkloadGroup').map((object) => ({
    namespace: snapshot.namespaceOf(object),
    labels: { ...object.value.spec?.metadata?.labels, ...object.value.spec?.template?.labels },
  }));
  return [...snapshot.workloads.all, ...kubernetesGatewayPods(snapshot), ...entries, ...groups];
}
