/** Checks routes of TLS and TCP connections. */

import type {
  L4MatchAttributes,
  TCPRoute,
  TLSMatchAttributes,
  TLSRoute,
  VirtualServiceSpec,
} from '../../../api/generated/types/networking.istio.io/VirtualService.ts';
import { isIp, parseSubnet } from '../../../base/cidr.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { HostIndex, wildcardDomainProblem } from '../../../base/hostname.ts';
import { isDnsLabel } from '../../../base/labels.ts';
import type { RuleReport } from '../rule.ts';
import { checkRouteDestinations } from './destination.ts';
import { checkGatewayNames, MESH_GATEWAY } from './gateway-names.ts';
import { checkLabels } from './label-map.ts';
import { gatewayDomainProblem } from './sni-host.ts';

/** What server names a TLS route may choose by. */
export interface SniScope {
  /** The hosts of the object. */
  readonly hosts: HostIndex;
  /** The object is not for sidecars, so that names of passthrough are allowed. */
  readonly atGateway: boolean;
}

/** The scope of an object's TLS routes, made once for all of them. */
export function sniScope(spec: VirtualServiceSpec): SniScope {
  return {
    hosts: new HostIndex(spec.hosts ?? []),
    atGateway: spec.gateways?.includes(MESH_GATEWAY) !== true,
  };
}

/** A TLS route chooses by SNI, so it needs a match. */
export function checkTlsRoute(
  report: RuleReport,
  path: FieldPath,
  route: TLSRoute,
  scope: SniScope,
  generated: boolean,
): void {
  if (route.match?.length === 0) {
    report.error([...path, 'match'], 'must have at least one condition, with sniHosts', {
      check: 'MissingField',
    });
  }
  for (const [index, match] of (route.match ?? []).entries()) {
    const place = [...path, 'match', index];
    checkSniHosts(report, [...place, 'sniHosts'], match, scope);
    checkConnectionMatch(report, place, match);
  }
  checkDestinations(report, path, route, generated);
}

/** A TCP route may do without a match. */
export function checkTcpRoute(
  report: RuleReport,
  path: FieldPath,
  route: TCPRoute,
  generated: boolean,
): void {
  for (const [index, match] of (route.match ?? []).entries()) {
    checkConnectionMatch(report, [...path, 'match', index], match);
  }
  checkDestinations(report, path, route, generated);
}

function checkDestinations(
  report: RuleReport,
  path: FieldPath,
  route: TLSRoute | TCPRoute,
  generated: boolean,
): void {
  if (route.route === undefined || route.route.length === 0) {
    report.error([...path, 'route'], 'must have at least one destination', { check: 'MissingField' });
  }
  checkRouteDestinations(report, [...path, 'route'], route.route, generated);
}

function checkConnectionMatch(
  report: RuleReport,
  path: FieldPath,
  match: L4MatchAttributes | TLSMatchAttributes,
): void {
  for (const [index, subnet] of (match.destinationSubnets ?? []).entries()) {
    checkSubnet(report, [...path, 'destinationSubnets', index], subnet);
  }
  if (match.sourceSubnet !== undefined && match.sourceSubnet !== '') {
    checkSubnet(report, [...path, 'sourceSubnet'], match.sourceSubnet);
  }
  checkLabels(report, [...path, 'sourceLabels'], match.sourceLabels);
  checkGatewayNames(report, [...path, 'gateways'], match.gateways);
  const { sourceNamespace = '' } = match;
  if (sourceNamespace !== '' && !isDnsLabel(sourceNamespace)) {
    report.error([...path, 'sourceNamespace'], `"${sourceNamespace}" cannot be the name of a namespace`);
  }
}

function checkSubnet(report: RuleReport, path: FieldPath, subnet: string): void {
  if (parseSubnet(subnet) === undefined) {
    report.error(path, `"${subnet}" must be an IP address, or a subnet such as 10.0.0.0/8`);
  }
}

/** Connections for other names never reach the object, so each name must lie within its hosts. */
function checkSniHosts(
  report: RuleReport,
  path: FieldPath,
  match: TLSMatchAttributes,
  { hosts, atGateway }: SniScope,
): void {
  if (match.sniHosts?.length === 0) {
    report.error(path, 'must have at least one host name', { check: 'MissingField' });
  }
  for (const [index, host] of (match.sniHosts ?? []).entries()) {
    const place = [...path, index];
    const problem = atGateway ? gatewayDomainProblem(host, true) : wildcardDomainProblem(host);
    if (problem !== undefined && isIp(host)) {
      report.warn(place, `"${host}" is an IP address, which clients do not send as SNI (RFC 6066)`);
    } else if (problem !== undefined) report.error(place, `"${host}" ${problem}`);
    else if (hosts.covering(host) === undefined) {
      report.error(place, `"${host}" is not among spec.hosts, nor within a wildcard of them; add it there`, {
        check: 'BrokenReference',
      });
    }
  }
}
