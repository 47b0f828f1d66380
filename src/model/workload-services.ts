/** The services that a proxy's own workload serves, and on which ports. */

import type { EndpointIndex } from './endpoints.ts';
import { type Labels, matchesLabels } from './selectors.ts';
import type { MeshService, MeshServicePort, ServiceRegistry } from './services.ts';

export interface WorkloadIdentity {
  readonly namespace: string;
  readonly labels: Labels;
  readonly ips: readonly string[];
}

export interface ServedPort {
  readonly service: MeshService;
  readonly port: MeshServicePort;
  /** Where the workload listens. */
  readonly targetPort: number;
}

/** In the order of the services. A target port that has only a name is known when an endpoint tells it. */
export function servedPorts(
  workload: WorkloadIdentity,
  services: ServiceRegistry,
  endpoints: EndpointIndex,
): readonly ServedPort[] {
  const ips = new Set(workload.ips);
  const labels = { ...workload.labels };
  const hasLabels = Object.keys(labels).length > 0;
  return services.all
    .filter((service) => service.namespace === workload.namespace && service.externalName === undefined)
    .flatMap((service) =>
      service.ports.flatMap((port) => {
        if (port.speaks === 'UDP') return [];
        const own = endpoints.of(service, port).find(({ address }) => ips.has(address));
        if (own !== undefined) return [{ service, port, targetPort: own.port }];
        const selected =
          service.selector !== undefined && hasLabels && matchesLabels(service.selector, labels);
        return selected && typeof port.targetPort === 'number'
          ? [{ service, port, targetPort: port.targetPort }]
          : [];
      }),
    );
}
