/** The services that a proxy's own workload serves, and on which ports. */

import { type Labels, matchesLabels } from './selectors.ts';
import { type MeshService, type MeshServicePort, olderFirst } from './services.ts';
import type { Snapshot } from './snapshot.ts';

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

/**
 * The oldest service first, then in the order of their names: of two that share a port the first counts. Services of Kubernetes that select the workload count; those that only have its address, when
 * none does. A target port that has only a name is known when an endpoint tells it.
 */
export function servedPorts(workload: WorkloadIdentity, snapshot: Snapshot): readonly ServedPort[] {
  const labels = { ...workload.labels };
  const hasLabels = Object.keys(labels).length > 0;
  const own = new Map<MeshServicePort, number>();
  for (const ip of workload.ips) {
    for (const { port, endpoint } of snapshot.servedAt(ip)) {
      if (!own.has(port)) own.set(port, endpoint.port);
    }
  }
  const selects = ({ selector }: MeshService): boolean =>
    selector !== undefined && hasLabels && matchesLabels(selector, labels);
  const services = snapshot
    .servicesIn(workload.namespace)
    .filter(({ externalName }) => externalName === undefined)
    .toSorted(olderFirst);
  const isSelected = services.some((service) => service.origin === 'Service' && selects(service));
  return services
    .filter((service) => !isSelected || service.origin !== 'Service' || selects(service))
    .flatMap((service) =>
      service.ports.flatMap((port) => {
        if (port.speaks === 'UDP') return [];
        const told = own.get(port);
        if (told !== undefined) return [{ service, port, targetPort: told }];
        return selects(service) && typeof port.targetPort === 'number'
          ? [{ service, port, targetPort: port.targetPort }]
          : [];
      }),
    );
}
