/** Ports of a Gateway: some Service of its workload must offer them, and there must be a workload. */

import { gatewayWorkloads, selectsInstalledGateway } from '../../../model/gateway-workloads.ts';
import { formatLabels, matchesLabels } from '../../../model/selectors.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { WORKLOAD_KINDS, type Workload } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';

export const analyzer: Analyzer = {
  name: 'gateway.IngressGatewayPortAnalyzer',
  summary: 'Ports of a Gateway are offered by a Service of the gateway workload',
  reads: [
    ...WORKLOAD_KINDS,
    'core/Service',
    'networking.istio.io/Gateway',
    'networking.istio.io/ServiceEntry',
  ],
  messages: [MESSAGES.ReferencedResourceNotFound, MESSAGES.GatewayPortNotDefinedOnService],
  analyze({ snapshot, report }) {
    for (const object of snapshot.list('networking.istio.io/Gateway')) {
      const { selector = {}, servers = [] } = object.value.spec ?? {};
      const workloads = gatewayWorkloads(snapshot, object);
      if (workloads.length === 0) {
        if (selectsInstalledGateway(selector)) continue;
        report(MESSAGES.ReferencedResourceNotFound, object, ['spec', 'selector'], {
          type: 'selector',
          name: formatLabels(selector),
        });
        continue;
      }
      const offered = offeredPorts(snapshot, workloads);
      for (const [index, { port }] of servers.entries()) {
        if (port?.number === undefined || offered.has(port.number)) continue;
        report(
          MESSAGES.GatewayPortNotDefinedOnService,
          object,
          ['spec', 'servers', index, 'port', 'number'],
          {
            port: port.number,
            selector: formatLabels(selector),
          },
        );
      }
    }
  },
};

/**
 * Ports by which Services reach the workloads. A Gateway may name either side of a mapping: the port that
 * the proxy listens on (the target), or the Service's own, which the control plane translates.
 */
function offeredPorts(snapshot: Snapshot, workloads: readonly Workload[]): ReadonlySet<number> {
  const ports = new Set<number>();
  for (const service of snapshot.services.all) {
    const { selector } = service;
    if (service.origin !== 'Service' || selector === undefined) continue;
    const reached = workloads.filter(
      (workload) => workload.namespace === service.namespace && matchesLabels(selector, workload.labels),
    );
    if (reached.length === 0) continue;
    for (const { number, targetPort, protocol } of service.ports) {
      if (protocol !== 'TCP') continue;
      ports.add(number);
      if (typeof targetPort === 'number') ports.add(targetPort);
      else for (const workload of reached) namedPort(workload, targetPort).forEach((port) => ports.add(port));
    }
  }
  return ports;
}

function namedPort(workload: Workload, name: string): number[] {
  return (workload.spec.containers ?? [])
    .flatMap(({ ports = [] }) => ports)
    .flatMap((port) => (port.name === name && port.containerPort !== undefined ? [port.containerPort] : []));
}
