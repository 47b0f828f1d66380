/** Rules of ServiceEntry. https://istio.io/latest/docs/reference/config/networking/service-entry/ */

import type {
  ServiceEntry,
  ServiceEntrySpec,
} from '../../../api/generated/types/networking.istio.io/ServiceEntry.ts';
import { parseSubnet } from '../../../base/cidr.ts';
import { domainProblem, isWildcard, wildcardDomainProblem } from '../../../base/hostname.ts';
import { isHttp, isTcp, isTls, parseProtocol } from '../../../base/protocol.ts';
import type { MeshObject } from '../../object.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkExportTo } from './export-to.ts';
import { checkSelector } from '../workload-selector.ts';
import { checkPortName, checkProtocol } from './port.ts';
import { partialWildcardProblem } from './scoped-host.ts';
import { checkDnsEndpoints, checkStaticEndpoints } from './service-endpoints.ts';

export const kinds = ['networking.istio.io/ServiceEntry'] as const;

const AUTO_ALLOCATE = 'networking.istio.io/enable-autoallocate-ip';
const USE_WAYPOINT = 'istio.io/use-waypoint';
// What a request must be like for its host to be seen, and resolved, on the way.
const DYNAMIC_PROTOCOLS = new Set(['HTTP', 'HTTP2', 'GRPC', 'TLS']);

export const rules: KindRules<ServiceEntry> = (object, report, context) => {
  const { spec } = object.value;
  if (spec === undefined) return;
  const { workloadSelector, endpoints } = spec;
  if (workloadSelector !== undefined) {
    const path = ['spec', 'workloadSelector'];
    const isSound = checkSelector(report, path, workloadSelector.labels, 'labels');
    if (isSound && (spec.resolution ?? 'NONE') === 'NONE') {
      report.warn(path, 'has no effect with resolution NONE', { hint: 'Set resolution to STATIC.' });
    }
    if (endpoints !== undefined) {
      report.error(['spec', 'endpoints'], 'endpoints and workloadSelector exclude each other: keep one', {
        check: 'ExclusiveFields',
      });
    }
  }
  checkHosts(report, spec);
  checkAddresses(report, spec);
  checkPorts(report, object, spec);
  checkResolution(report, object, spec);
  checkHostsCanBeTold(report, spec);
  checkExportTo(report, ['spec', 'exportTo'], spec.exportTo, {
    namespace: object.meta.namespace ?? context.defaultNamespace,
    allowNone: true,
  });
};

function checkHosts(report: RuleReport, spec: ServiceEntrySpec): void {
  for (const [index, host] of (spec.hosts ?? []).entries()) {
    const path = ['spec', 'hosts', index];
    if (host === '*') {
      report.error(path, '"*" would stand for every host: name a domain, as in *.example.com');
      continue;
    }
    const problem = wildcardDomainProblem(host);
    if (problem !== undefined) report.error(path, `"${host}" ${problem}`);
    const partial = spec.resolution === 'DYNAMIC_DNS' ? undefined : partialWildcardProblem(host);
    if (partial !== undefined) report.warn(path, `"${host}" ${partial}`);
  }
}

function checkAddresses(report: RuleReport, spec: ServiceEntrySpec): void {
  const { resolution = 'NONE' } = spec;
  for (const [index, address] of (spec.addresses ?? []).entries()) {
    const path = ['spec', 'addresses', index];
    if (parseSubnet(address) === undefined) {
      report.error(path, `"${address}" is neither an IP address nor a CIDR block`);
    }
    if (address.includes('/') && resolution !== 'NONE' && resolution !== 'STATIC') {
      report.error(path, `a CIDR block goes with resolution NONE or STATIC only, and this is ${resolution}`);
    }
  }
}

/** Whether the control plane gives the hosts an address of their own. */
function allocatesAddress(object: MeshObject<ServiceEntry>, spec: ServiceEntrySpec): boolean {
  if ((spec.resolution ?? 'NONE') === 'NONE') return false;
  return object.meta.labels[AUTO_ALLOCATE]?.toLowerCase() !== 'false';
}

function checkPorts(report: RuleReport, object: MeshObject<ServiceEntry>, spec: ServiceEntrySpec): void {
  const noAddress = (spec.addresses ?? []).length === 0 && !allocatesAddress(object, spec);
  const numbers = new Map<number, number>();
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const path = ['spec', 'ports', index];
    // That names are unique is in the schema.
    if (port.name !== undefined) checkPortName(report, [...path, 'name'], port.name);
    checkProtocol(report, [...path, 'protocol'], port.protocol, { optional: true });
    if (port.number !== undefined) {
      const first = numbers.get(port.number);
      if (first === undefined) numbers.set(port.number, index);
      else {
        report.error(
          [...path, 'number'],
          `spec.ports[${first}] has the number ${port.number} already: port numbers must be unique`,
          {
            check: 'Duplicate',
          },
        );
      }
    }
    if (noAddress && (port.protocol ?? '') === '') warnNoAddress(report, path, 'without a protocol');
    else if (noAddress && port.protocol === 'TCP') warnNoAddress(report, path, 'of protocol TCP');
  }
}

function warnNoAddress(report: RuleReport, path: readonly (string | number)[], kind: string): void {
  report.warn(
    path,
    `a port ${kind} is known by its address only, and the service has none: all traffic to the port may match`,
    {
      hint: 'Add addresses, or use a protocol that carries the host, such as HTTP or TLS.',
    },
  );
}

function checkResolution(report: RuleReport, object: MeshObject<ServiceEntry>, spec: ServiceEntrySpec): void {
  const { resolution = 'NONE', endpoints, hosts = [] } = spec;
  switch (resolution) {
    case 'NONE':
      if (endpoints !== undefined) {
        report.error(
          ['spec', 'endpoints'],
          'resolution NONE forwards to the address that the caller asked for: remove endpoints',
          {
            hint: 'Or set resolution to STATIC, or to DNS for host names.',
          },
        );
      }
      return;
    case 'STATIC':
      checkStaticEndpoints(report, spec);
      return;
    case 'DNS':
    case 'DNS_ROUND_ROBIN':
      if ((endpoints ?? []).length === 0) {
        for (const [index, host] of hosts.entries()) {
          const problem = host === '*' ? undefined : domainProblem(host);
          // What is no name even with wildcards has been reported.
          if (problem === undefined || wildcardDomainProblem(host) !== undefined) continue;
          report.error(
            ['spec', 'hosts', index],
            `"${host}" cannot be resolved: without endpoints, resolution ${resolution} needs full host names`,
            {
              hint: 'Add endpoints, or use resolution NONE or DYNAMIC_DNS.',
            },
          );
        }
      }
      checkDnsEndpoints(report, spec);
      warnSharedAddress(report, spec);
      return;
    case 'DYNAMIC_DNS':
      checkDynamic(report, object, spec);
      return;
    default:
      // The schema has refused it.
      return;
  }
}

/** Raw TCP to an address says nothing of the host. */
function warnSharedAddress(
  report: RuleReport,
  { hosts = [], addresses = [], ports = [] }: ServiceEntrySpec,
): void {
  if (hosts.length < 2 || addresses.length === 0) return;
  if (!ports.some((port) => isTcp(parseProtocol(port.protocol ?? '')))) return;
  report.warn(
    ['spec', 'hosts'],
    'several hosts share addresses and a TCP port, so that only one of them can be reached',
    {
      hint: 'Write one ServiceEntry for each host.',
    },
  );
}

/** https://istio.io/latest/docs/reference/config/networking/service-entry/#ServiceEntry-Resolution */
function checkDynamic(report: RuleReport, object: MeshObject<ServiceEntry>, spec: ServiceEntrySpec): void {
  for (const [index, host] of (spec.hosts ?? []).entries()) {
    if (isWildcard(host)) continue;
    report.error(
      ['spec', 'hosts', index],
      `"${host}" is a single host: resolution DYNAMIC_DNS is for wildcards, as *.example.com`,
      {
        hint: 'Use resolution DNS for it.',
      },
    );
  }
  for (const field of ['addresses', 'endpoints'] as const) {
    if ((spec[field] ?? []).length === 0) continue;
    report.error(
      ['spec', field],
      `resolution DYNAMIC_DNS finds the address from the host of each request: remove ${field}`,
    );
  }
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const protocol = parseProtocol(port.protocol ?? '');
    if (protocol !== undefined && DYNAMIC_PROTOCOLS.has(protocol)) continue;
    report.error(
      ['spec', 'ports', index, 'protocol'],
      'resolution DYNAMIC_DNS needs a protocol that carries the host: HTTP, HTTP2, GRPC or TLS',
    );
  }
  const waypoint = object.meta.labels[USE_WAYPOINT]?.toLowerCase() ?? '';
  if (spec.location === 'MESH_INTERNAL' && waypoint !== '' && waypoint !== 'none') {
    report.error(
      ['spec', 'location'],
      'resolution DYNAMIC_DNS through a waypoint is for MESH_EXTERNAL only',
      {
        hint: `Set location to MESH_EXTERNAL, or remove the label ${USE_WAYPOINT}.`,
      },
    );
  }
}

/** Hosts that share a port must be told apart by what the traffic says, unless its own address is used. */
function checkHostsCanBeTold(
  report: RuleReport,
  { resolution = 'NONE', hosts = [], ports = [] }: ServiceEntrySpec,
): void {
  if (resolution === 'NONE' || hosts.length < 2) return;
  for (const [index, port] of ports.entries()) {
    const protocol = parseProtocol(port.protocol ?? '');
    if (isHttp(protocol) || isTls(protocol)) continue;
    report.error(
      ['spec', 'ports', index, 'protocol'],
      'several hosts can share a port of HTTP or TLS only, as other traffic does not say which host it is for',
      {
        hint: 'Write one ServiceEntry for each host.',
      },
    );
    return;
  }
}
