/** Rules of Sidecar. https://istio.io/latest/docs/reference/config/networking/sidecar/ */

import type {
  OutboundTrafficPolicy,
  Sidecar,
} from '../../../api/generated/types/networking.istio.io/Sidecar.ts';
import { domainProblem, wildcardDomainProblem } from '../../../base/hostname.ts';
import type { KindRules, RuleReport } from '../rule.ts';
import { checkConnectionPool } from './connection-pool.ts';
import { checkDestination } from './destination.ts';
import { checkSelector } from '../workload-selector.ts';
import { checkEgress } from './sidecar-egress.ts';
import { checkIngress } from './sidecar-ingress.ts';

export const kinds = ['networking.istio.io/Sidecar'] as const;

export const rules: KindRules<Sidecar> = (object, report, context) => {
  const spec = object.value.spec ?? {};
  const { workloadSelector, ingress = [], egress = [], outboundTrafficPolicy, inboundConnectionPool } = spec;
  if (workloadSelector !== undefined) {
    checkSelector(report, ['spec', 'workloadSelector'], workloadSelector.labels, 'labels');
  }
  const hasPolicy = outboundTrafficPolicy !== undefined || inboundConnectionPool !== undefined;
  if (ingress.length === 0 && egress.length === 0 && !hasPolicy) {
    report.error(
      ['spec'],
      'the sidecar configures nothing: set egress, ingress, outboundTrafficPolicy or inboundConnectionPool',
      {
        check: 'MissingField',
      },
    );
  }
  checkIngress(report, ingress);
  checkConnectionPool(report, ['spec', 'inboundConnectionPool'], inboundConnectionPool);
  checkEgress(report, egress, object.meta.namespace ?? context.defaultNamespace);
  if (outboundTrafficPolicy !== undefined) checkOutbound(report, outboundTrafficPolicy);
};

function checkOutbound(
  report: RuleReport,
  { mode = 'REGISTRY_ONLY', egressProxy }: OutboundTrafficPolicy,
): void {
  if (egressProxy === undefined) return;
  const path = ['spec', 'outboundTrafficPolicy', 'egressProxy'];
  if (mode !== 'ALLOW_ANY') {
    report.error(
      path,
      `mode ${mode} lets no traffic out that an egress proxy could take: remove it, or use ALLOW_ANY`,
    );
    return;
  }
  checkDestination(report, path, egressProxy);
  const { host = '', port } = egressProxy;
  // What is no name at all, even with a wildcard, has been reported.
  const problem = wildcardDomainProblem(host) === undefined ? domainProblem(host) : undefined;
  if (problem !== undefined && host !== '*') {
    report.error([...path, 'host'], `"${host}" must name one host, and ${problem}`);
  }
  if (port === undefined)
    report.error([...path, 'port'], 'the egress proxy needs a port', { check: 'MissingField' });
}
