/** Policies with a selector that is meant for the pods of a Gateway of the Gateway API. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { MeshObject } from '../../../config/object.ts';
import { type Labels, matchesLabels } from '../../../model/selectors.ts';
import { GATEWAY_NAME_LABEL, kubernetesGatewayPods } from '../../../model/kubernetes-gateways.ts';
import { WORKLOAD_KINDS } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

const POLICIES = [
  'extensions.istio.io/WasmPlugin',
  'security.istio.io/AuthorizationPolicy',
  'security.istio.io/RequestAuthentication',
  'telemetry.istio.io/Telemetry',
] as const;

type Policy = MeshObject<KindTypes[(typeof POLICIES)[number]]>;

export const analyzer: Analyzer = {
  name: 'k8sgateway.SelectorAnalyzer',
  summary: 'Policies for gateways of the Gateway API name them by targetRefs, and not by labels',
  reads: [...WORKLOAD_KINDS, 'gateway.networking.k8s.io/Gateway', ...POLICIES],
  messages: [MESSAGES.IneffectiveSelector],
  analyze({ snapshot, report }) {
    const pods = kubernetesGatewayPods(snapshot);
    for (const object of POLICIES.flatMap((kind): readonly Policy[] => snapshot.list(kind))) {
      const selector = selectorOf(object);
      if (Object.keys(selector).length === 0) continue;
      const namespace = snapshot.namespaceOf(object);
      const gateways = pods
        .filter((pod) => pod.namespace === namespace && matchesLabels(selector, pod.labels))
        .map(({ labels }) => labels[GATEWAY_NAME_LABEL] ?? '');
      for (const gateway of new Set(gateways)) {
        report(MESSAGES.IneffectiveSelector, object, ['spec', 'selector'], { gateway });
      }
    }
  },
};

/** The labels that a policy goes by; none when it names its targets. */
function selectorOf({ value: { spec = {} } }: Policy): Labels {
  if (spec.targetRef !== undefined || (spec.targetRefs ?? []).length > 0) return {};
  return spec.selector?.matchLabels ?? {};
}
