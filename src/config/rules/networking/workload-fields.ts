/** Checks on workloads outside Kubernetes, wherever an object describes one. */

import type { WorkloadEntry } from '../../../api/generated/types/networking.istio.io/ServiceEntry.ts';
import { isIp } from '../../../base/cidr.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { domainProblem } from '../../../base/hostname.ts';
import { isDnsLabel } from '../../../base/labels.ts';
import type { RuleReport } from '../rule.ts';
import { checkLabels } from './label-map.ts';
import { unixPath, unixPathProblem } from './unix-address.ts';

const MAX_PORT_NAME = 62;

export interface WorkloadOptions {
  /** Names of the service's ports, where the service is known: ports of the workload must be among them. */
  readonly servicePorts?: ReadonlySet<string>;
  /** Whether the address may be the name of a host, which the proxy then resolves. */
  readonly hostNames: boolean;
}

/** Checks a workload that stands for itself, so that it must say where it is. */
export function checkWorkload(
  report: RuleReport,
  path: FieldPath,
  workload: WorkloadEntry,
  options: WorkloadOptions,
): void {
  const { address = '', network = '' } = workload;
  const place = [...path, 'address'];
  if (address === '') {
    if (network === '') {
      report.error(place, 'a workload needs an address, or the network that it is in', {
        check: 'MissingField',
      });
      return;
    }
    report.warn(place, `without an address, traffic goes to the gateway of network "${network}"`);
  } else if (unixPath(address) === undefined) {
    checkAddress(report, place, address, options.hostNames);
  }
  checkSocket(report, path, workload);
  checkPorts(report, [...path, 'ports'], workload.ports, options.servicePorts);
  checkLabels(report, [...path, 'labels'], workload.labels);
  if (
    unixPath(address) !== undefined &&
    options.servicePorts !== undefined &&
    options.servicePorts.size !== 1
  ) {
    report.error(place, 'a Unix domain socket can be the endpoint of a service with exactly one port only');
  }
}

/** Checks the address of an endpoint that is an IP, or a host name where those are allowed. */
export function checkAddress(report: RuleReport, path: FieldPath, address: string, hostNames: boolean): void {
  if (isIp(address)) return;
  if (!hostNames) {
    report.error(path, `"${address}" is no IP address: resolution STATIC takes addresses as they are`, {
      hint: 'Use an IP address, or resolution DNS.',
    });
    return;
  }
  const problem = domainProblem(address);
  if (problem === undefined) return;
  report.error(path, `"${address}" ${problem}`, {
    hint: 'Write an IP address or a host name; ports go into "ports".',
  });
}

/** A Unix domain socket must be the absolute path of a file, or an abstract name, and has no ports. */
export function checkSocket(report: RuleReport, path: FieldPath, workload: WorkloadEntry): void {
  const { address = '', ports } = workload;
  const socket = unixPath(address);
  if (socket === undefined) return;
  // Behind the @ of an abstract name everything goes but a slash at the end.
  const problem =
    unixPathProblem(socket) ?? (socket.endsWith('/') ? 'is a folder: name the socket in it' : undefined);
  if (problem !== undefined) report.error([...path, 'address'], `"${address}" ${problem}`);
  if (ports !== undefined) report.error([...path, 'ports'], 'a Unix domain socket has no ports: remove them');
}

/** Names of ports must be DNS labels of 62 characters at most, and known to the service. The schema has the numbers. */
export function checkPorts(
  report: RuleReport,
  path: FieldPath,
  ports: Readonly<Record<string, number>> | undefined,
  servicePorts: ReadonlySet<string> | undefined,
): void {
  for (const name of Object.keys(ports ?? {})) {
    if (!isDnsLabel(name) || name.length > MAX_PORT_NAME) {
      report.error(
        [...path, name],
        `"${name}" is no name of a port: use letters, digits and inner dashes, ${MAX_PORT_NAME} characters at most`,
      );
    }
    if (servicePorts !== undefined && !servicePorts.has(name)) {
      const known = [...servicePorts].slice(0, 20).join(', ');
      report.error([...path, name], `the service has no port "${name}"`, {
        check: 'BrokenReference',
        ...(known === '' ? {} : { hint: `Its ports are ${known}.` }),
      });
    }
  }
}
