/** Checks traffic policies: of a service, a subset, or a port of either. */

import type {
  PortTrafficPolicy,
  TrafficPolicy,
  TunnelSettings,
} from '../../../api/generated/types/networking.istio.io/DestinationRule.ts';
import { isIp } from '../../../base/cidr.ts';
import type { FieldPath } from '../../../base/field-path.ts';
import { domainProblem } from '../../../base/hostname.ts';
import type { RuleReport } from '../rule.ts';
import { checkClientTls } from './client-tls.ts';
import { checkConnectionPool } from './connection-pool.ts';
import { checkLoadBalancer } from './load-balancer.ts';
import { checkOutlierDetection } from './outlier-detection.ts';

const PORT_FIELDS = ['loadBalancer', 'connectionPool', 'outlierDetection', 'tls'] as const;
const FIELDS = [...PORT_FIELDS, 'tunnel', 'proxyProtocol', 'retryBudget'] as const;

/** `namespace` is that of the DestinationRule. */
export function checkTrafficPolicy(
  report: RuleReport,
  path: FieldPath,
  policy: TrafficPolicy | undefined,
  namespace: string,
): void {
  if (policy === undefined) return;
  const ports = policy.portLevelSettings ?? [];
  if (ports.length === 0 && FIELDS.every((field) => policy[field] === undefined)) {
    const fields = [...FIELDS, 'portLevelSettings'].join(', ');
    report.error(path, `must have at least one of ${fields}`, { check: 'MissingField' });
  }
  checkShared(report, path, policy, namespace);
  for (const [index, port] of ports.entries()) {
    checkPortPolicy(report, [...path, 'portLevelSettings', index], port, namespace);
  }
  checkTunnel(report, [...path, 'tunnel'], policy.tunnel);
}

function checkShared(
  report: RuleReport,
  path: FieldPath,
  policy: TrafficPolicy | PortTrafficPolicy,
  namespace: string,
): void {
  checkLoadBalancer(report, [...path, 'loadBalancer'], policy.loadBalancer, policy.outlierDetection);
  checkConnectionPool(report, [...path, 'connectionPool'], policy.connectionPool);
  checkOutlierDetection(report, [...path, 'outlierDetection'], policy.outlierDetection);
  checkClientTls(report, [...path, 'tls'], policy.tls, namespace);
}

function checkPortPolicy(
  report: RuleReport,
  path: FieldPath,
  policy: PortTrafficPolicy,
  namespace: string,
): void {
  if (policy.port === undefined) {
    report.error([...path, 'port'], 'says which port the policy is for; add it', { check: 'MissingField' });
  } else if ((policy.port.number ?? 0) === 0) {
    report.warn([...path, 'port'], 'has no number, so that the policy is for no port; add one');
  }
  if (PORT_FIELDS.every((field) => policy[field] === undefined)) {
    report.error(path, `must have at least one of ${PORT_FIELDS.join(', ')}`, { check: 'MissingField' });
  }
  checkShared(report, path, policy, namespace);
}

function checkTunnel(report: RuleReport, path: FieldPath, tunnel: TunnelSettings | undefined): void {
  if (tunnel === undefined) return;
  const { protocol = '', targetHost } = tunnel;
  if (protocol !== '' && protocol !== 'CONNECT' && protocol !== 'POST') {
    report.error([...path, 'protocol'], `"${protocol}" must be "CONNECT" or "POST"`);
  }
  if (targetHost === undefined || isIp(targetHost)) return;
  const problem = domainProblem(targetHost);
  if (problem !== undefined)
    report.error([...path, 'targetHost'], `"${targetHost}" ${problem}`, {
      hint: 'Write a domain name or an IP address.',
    });
}
