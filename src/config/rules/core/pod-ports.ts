/** What Kubernetes refuses of the ports that the containers of a pod declare. */

import type { FieldPath } from '../../../base/field-path.ts';
import type { Container, ContainerPort, PodSpec } from '../../../api/generated/types/core/Pod.ts';
import type { RuleReport } from '../rule.ts';
import { containerPortNameProblem } from './port-syntax.ts';

/** Checks names and numbers of all ports. `path` is that of the pod's spec. */
export function checkPodPorts(report: RuleReport, path: FieldPath, spec: PodSpec | undefined): void {
  const hostPorts = new Map<string, string>();
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [index, container] of (spec?.[list] ?? []).entries()) {
      checkContainer(report, [...path, list, index, 'ports'], container, hostPorts);
    }
  }
}

function checkContainer(
  report: RuleReport,
  path: FieldPath,
  container: Container,
  hostPorts: Map<string, string>,
): void {
  const names = new Set<string>();
  const numbers = new Set<string>();
  for (const [index, port] of (container.ports ?? []).entries()) {
    const at = [...path, index];
    if (port.name !== undefined) {
      const problem = containerPortNameProblem(port.name);
      if (problem !== undefined) report.error([...at, 'name'], `port name "${port.name}" ${problem}`);
      else if (names.has(port.name)) {
        report.error([...at, 'name'], `another port of the container is named "${port.name}" too`, {
          check: 'Duplicate',
        });
      }
      names.add(port.name);
    }
    const number = numberAndTransport(port, port.containerPort);
    if (number !== undefined) {
      if (numbers.has(number)) {
        report.warn([...at, 'containerPort'], `the container declares port ${number} twice`, {
          check: 'Duplicate',
        });
      }
      numbers.add(number);
    }
    checkHostPort(report, [...at, 'hostPort'], port, container.name ?? '', hostPorts);
  }
}

/** One port of the node can be taken once in a pod. */
function checkHostPort(
  report: RuleReport,
  path: FieldPath,
  port: ContainerPort,
  container: string,
  taken: Map<string, string>,
): void {
  if (port.hostPort === undefined || port.hostPort === 0) return;
  const number = numberAndTransport(port, port.hostPort);
  const key = `${port.hostIP ?? ''} ${number}`;
  const owner = taken.get(key);
  if (owner !== undefined) {
    report.error(path, `container "${owner}" takes the node's port ${number} already`, {
      check: 'Duplicate',
    });
  }
  taken.set(key, container);
}

function numberAndTransport(port: ContainerPort, number: number | undefined): string | undefined {
  return number === undefined ? undefined : `${number}/${port.protocol ?? 'TCP'}`;
}
