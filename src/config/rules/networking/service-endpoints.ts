/** Checks on the endpoints that a ServiceEntry lists. */

import type { ServiceEntrySpec } from '../../../api/generated/types/networking.istio.io/ServiceEntry.ts';
import type { RuleReport } from '../rule.ts';
import { checkLabels } from './label-map.ts';
import { checkAddress, checkPorts, checkWorkload } from './workload-fields.ts';

/** Endpoints that are used as they are: IP addresses and Unix domain sockets. */
export function checkStaticEndpoints(report: RuleReport, spec: ServiceEntrySpec): void {
  const servicePorts = portNames(spec);
  for (const [index, endpoint] of (spec.endpoints ?? []).entries()) {
    checkWorkload(report, ['spec', 'endpoints', index], endpoint, { servicePorts, hostNames: false });
  }
}

/** Endpoints that are resolved: IP addresses and host names. */
export function checkDnsEndpoints(report: RuleReport, spec: ServiceEntrySpec): void {
  const { endpoints = [], resolution } = spec;
  if (resolution === 'DNS_ROUND_ROBIN' && endpoints.length > 1) {
    report.error(
      ['spec', 'endpoints'],
      `resolution DNS_ROUND_ROBIN takes one endpoint, and there are ${endpoints.length}`,
      {
        check: 'TooMany',
        hint: 'Use resolution DNS for several.',
      },
    );
  }
  const servicePorts = portNames(spec);
  for (const [index, endpoint] of endpoints.entries()) {
    const path = ['spec', 'endpoints', index];
    const { address = '' } = endpoint;
    if (address === '') {
      report.error([...path, 'address'], `resolution ${resolution} needs the address of each endpoint`, {
        check: 'MissingField',
      });
    } else checkAddress(report, [...path, 'address'], address, true);
    checkPorts(report, [...path, 'ports'], endpoint.ports, servicePorts);
    checkLabels(report, [...path, 'labels'], endpoint.labels);
  }
}

function portNames(spec: ServiceEntrySpec): ReadonlySet<string> {
  return new Set((spec.ports ?? []).map((port) => port.name ?? ''));
}
