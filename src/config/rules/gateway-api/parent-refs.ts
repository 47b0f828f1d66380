/** What routes attach to, and the hosts they are for. */

import type { ParentReference } from '../../../api/generated/types/gateway.networking.k8s.io/HTTPRoute.ts';
import { isIp } from '../../../base/cidr.ts';
import type { RuleReport } from '../rule.ts';
import { checkAllowedKind, GATEWAY_GROUP } from './group-kind.ts';

const PARENTS = [
  `${GATEWAY_GROUP}/Gateway`,
  `${GATEWAY_GROUP}/ListenerSet`,
  'core/Service',
  'networking.istio.io/ServiceEntry',
];

/** Warns of parents that can be no parents. */
export function checkParents(report: RuleReport, parents: readonly ParentReference[] | undefined): void {
  for (const [index, { group = GATEWAY_GROUP, kind = 'Gateway' }] of (parents ?? []).entries()) {
    checkAllowedKind(report, ['spec', 'parentRefs', index], { group, kind }, PARENTS);
  }
}

/** Warns of hosts that the Gateway API does not allow, though its schema cannot tell. */
export function checkHostnames(report: RuleReport, hostnames: readonly string[] | undefined): void {
  const seen = new Set<string>();
  for (const [index, host] of (hostnames ?? []).entries()) {
    if (isIp(host)) {
      report.warn(['spec', 'hostnames', index], `"${host}" is an IP address; a host must be a name`, {
        hint: 'Leave hostnames out to take requests for any host, addresses included.',
      });
    }
    if (seen.has(host)) {
      report.warn(['spec', 'hostnames', index], `the host "${host}" stands twice`, { check: 'Duplicate' });
    }
    seen.add(host);
  }
}
