/** Checks addresses of servers in mesh settings: `host:port`, and services of extension providers. */

import { isIp } from '../../../base/cidr.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { splitHostPort } from '../../../base/host-port.ts';
import { domainProblem } from '../../../base/hostname.ts';
import { checkSidecarHost } from '../networking/scoped-host.ts';
import type { RuleReport } from '../rule.ts';

/** What the agent replaces with the address of the pod's node. */
const HOST_IP = '$(HOST_IP)';
const DIGITS = /^\d{1,5}$/;

export interface AddressOptions {
  /** `$(HOST_IP)` may stand for the host. */
  readonly hostIp?: boolean;
}

/** A domain name or an IP address, a colon and a port. An absent address is left alone. */
export function checkAddress(
  report: RuleReport,
  path: FieldPath,
  address: string | undefined,
  options: AddressOptions = {},
): void {
  if (address === undefined) return;
  if (address === '') return report.error(path, 'must be an address such as collector.example.com:9411');
  const plain = options.hostIp === true ? address.replace(HOST_IP, '127.0.0.1') : address;
  const parts = splitHostPort(plain);
  if (parts === undefined) {
    report.error(path, `"${address}" must be host:port, an IPv6 address in brackets`);
    return;
  }
  const { host, port } = parts;
  if (!DIGITS.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    report.error(path, `"${address}" must end with a port from 1 to 65535`);
  }
  if (isIp(host)) return;
  const problem = domainProblem(host);
  if (problem !== undefined) report.error(path, `the host in "${address}" ${problem}`);
}

/** The service of a provider: a domain name, an IP address, or `namespace/host`. An empty one is left to the schema. */
export function checkProviderService(report: RuleReport, path: FieldPath, service: string | undefined): void {
  if (service === undefined || service === '') return;
  if (service.includes('/')) return checkSidecarHost(report, path, service);
  const problem = isIp(service) ? undefined : domainProblem(service);
  if (problem !== undefined) report.error(path, `"${service}" ${problem}`);
}
