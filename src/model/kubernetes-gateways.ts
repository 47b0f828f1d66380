/** Pods of Gateways of the Gateway API, which the controller makes and files rarely hold. */

import type { Labels } from './selectors.ts';
import type { Snapshot } from './snapshot.ts';

/** Label of a gateway's pods: the name of its Gateway. */
export const GATEWAY_NAME_LABEL = 'gateway.networking.k8s.io/gateway-name';

export interface GatewayPod {
  readonly namespace: string;
  readonly labels: Labels;
}

/**
 * Pods that belong to a Gateway: those of the input, and those that the mesh's controller will make for a
 * Gateway of the input. Reads the kinds of WORKLOAD_KINDS and gateway.networking.k8s.io/Gateway.
 */
export function kubernetesGatewayPods(snapshot: Snapshot): readonly GatewayPod[] {
  const running = snapshot.workloads.all.filter(({ labels }) => labels[GATEWAY_NAME_LABEL] !== undefined);
  const planned = snapshot.list('gateway.networking.k8s.io/Gateway').flatMap((object): GatewayPod[] => {
    const { gatewayClassName = '', addresses = [], infrastructure = {} } = object.value.spec ?? {};
    // With the name of a Service as its address, a Gateway configures pods that somebody else deploys.
    const isDeployed = !addresses.some(({ type }) => type === 'Hostname');
    if (!isDeployed || !gatewayClassName.startsWith('istio') || gatewayClassName === 'istio-remote')
      return [];
    return [
      {
        namespace: snapshot.namespaceOf(object),
        labels: { ...infrastructure.labels, [GATEWAY_NAME_LABEL]: object.meta.name },
      },
    ];
  });
  return [...running, ...planned];
}
