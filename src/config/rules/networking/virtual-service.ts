/** Rules of VirtualService. */

import type {
  VirtualService,
  VirtualServiceSpec,
} from '../../../api/generated/types/networking.istio.io/VirtualService.ts';
import { isIp } from '../../../base/cidr.ts';
import { overlappingHosts, wildcardDomainProblem } from '../../../base/hostname.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkExportTo } from './export-to.ts';
import { checkGatewayNames, isGatewayOnly } from './gateway-names.ts';
import { checkNoJwtClaims } from './http-match.ts';
import { checkHttpRoute } from './http-route.ts';
import { gatewayDomainProblem } from './sni-host.ts';
import { checkTcpRoute, checkTlsRoute, sniScope } from './tls-tcp-route.ts';
import { reportUnreachable } from './unreachable-report.ts';

export const kinds = ['networking.istio.io/VirtualService'] as const;

/** Marks objects that the controller makes from Gateway API routes. */
const SEMANTICS_ANNOTATION = 'internal.istio.io/route-semantics';

/** https://istio.io/latest/docs/reference/config/networking/virtual-service/ */
export const rules: KindRules<VirtualService> = (object, report, context) => {
  const { spec } = object.value;
  if (spec === undefined) return;
  const delegate = (spec.hosts?.length ?? 0) === 0;
  const generated = object.meta.annotations[SEMANTICS_ANNOTATION] === 'gateway';

  if (delegate) checkDelegate(report, spec);
  checkGatewayNames(report, ['spec', 'gateways'], spec.gateways, generated);
  checkHosts(report, spec);
  const { http = [], tls = [], tcp = [] } = spec;
  if (http.length + tls.length + tcp.length === 0) {
    report.error(['spec'], 'must have routes: give it http, tls or tcp', { check: 'MissingField' });
  }
  const gatewayOnly = isGatewayOnly(spec.gateways);
  for (const [index, route] of http.entries()) {
    const path = ['spec', 'http', index];
    checkHttpRoute(report, path, route, { delegate, generated });
    if (gatewayOnly) continue;
    for (const [place, match] of (route.match ?? []).entries()) {
      checkNoJwtClaims(report, [...path, 'match', place], match);
    }
  }
  const scope = sniScope(spec);
  for (const [index, route] of tls.entries()) {
    checkTlsRoute(report, ['spec', 'tls', index], route, scope, generated);
  }
  for (const [index, route] of tcp.entries()) {
    checkTcpRoute(report, ['spec', 'tcp', index], route, generated);
  }
  const namespace = object.meta.namespace ?? context.defaultNamespace;
  checkExportTo(report, ['spec', 'exportTo'], spec.exportTo, { namespace });
  reportUnreachable(report, spec);
};

/** Without hosts the object is a delegate: HTTP routes that another VirtualService uses. */
function checkDelegate(report: RuleReport, spec: VirtualServiceSpec): void {
  for (const field of ['gateways', 'tls', 'tcp'] as const) {
    if ((spec[field]?.length ?? 0) === 0) continue;
    report.error(
      ['spec', field],
      `without hosts this is a delegate of another VirtualService, which has no ${field}; add hosts, or remove it`,
    );
  }
}

function checkHosts(report: RuleReport, spec: VirtualServiceSpec): void {
  const hosts = spec.hosts ?? [];
  const gatewayOnly = isGatewayOnly(spec.gateways);
  const sni = (spec.tls ?? []).some((route) =>
    (route.match ?? []).some((match) => (match.sniHosts ?? []).length > 0),
  );
  let sound = true;
  for (const [index, host] of hosts.entries()) {
    const path = ['spec', 'hosts', index];
    const problem = gatewayOnly ? gatewayDomainProblem(host, sni) : wildcardDomainProblem(host);
    if (problem !== undefined) {
      if (isIp(host)) continue;
      report.error(path, `"${host}" ${problem}`);
      sound = false;
    } else if (host === '*' && !gatewayOnly) {
      report.error(
        path,
        '"*" is for gateways only: list them in gateways, without "mesh", or name the hosts',
      );
      sound = false;
    }
  }
  if (!sound) return;
  for (const [earlier, later] of overlappingHosts(hosts)) {
    const [first = '', second = ''] = [hosts[earlier], hosts[later]];
    const message = first === second ? `"${second}" is listed twice` : `"${second}" overlaps with "${first}"`;
    report.error(['spec', 'hosts', later], `${message}; remove one of them`, { check: 'Duplicate' });
  }
}
