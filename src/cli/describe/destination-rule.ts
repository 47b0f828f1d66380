/** What a DestinationRule says for the workloads of a service. */

import type { DestinationRule, TrafficPolicy } from '../../model/destination-rules.ts';
import { matchesLabels } from '../../model/selectors.ts';
import type { Workload } from '../../model/workloads.ts';

interface PolicyDescription {
  /** Undefined when the policy does not speak of TLS. */
  readonly tls?: string;
  /** `load balancer`, `connection pool`, `outlier detection`, as far as it speaks of them. */
  readonly parts: readonly string[];
}

export interface RuleDescription {
  readonly name: string;
  readonly namespace: string;
  readonly host: string;
  readonly matchingSubsets: readonly string[];
  readonly otherSubsets: readonly string[];
  readonly policy?: PolicyDescription;
  readonly portPolicies: readonly (PolicyDescription & { readonly port: number })[];
}

export function describeRule(rule: DestinationRule, workloads: readonly Workload[]): RuleDescription {
  const { trafficPolicy } = rule;
  const isMatching = (labels: Readonly<Record<string, string>>): boolean =>
    workloads.some((workload) => matchesLabels(labels, workload.labels));
  const subsets = rule.subsets.map(({ name = '', labels = {} }) => ({ name, matches: isMatching(labels) }));
  return {
    name: rule.name,
    namespace: rule.namespace,
    host: rule.host,
    matchingSubsets: subsets.filter(({ matches }) => matches).map(({ name }) => name),
    otherSubsets: subsets.filter(({ matches }) => !matches).map(({ name }) => name),
    ...(trafficPolicy !== undefined && { policy: policyOf(trafficPolicy) }),
    portPolicies: (trafficPolicy?.portLevelSettings ?? []).map((one) => ({
      port: one.port?.number ?? 0,
      ...policyOf(one),
    })),
  };
}

function policyOf({
  tls,
  loadBalancer,
  connectionPool,
  outlierDetection,
}: Pick<TrafficPolicy, 'tls' | 'loadBalancer' | 'connectionPool' | 'outlierDetection'>): PolicyDescription {
  const parts = [
    ...(loadBalancer === undefined ? [] : ['load balancer']),
    ...(connectionPool === undefined ? [] : ['connection pool']),
    ...(outlierDetection === undefined ? [] : ['outlier detection']),
  ];
  return { ...(tls !== undefined && { tls: tls.mode ?? 'DISABLE' }), parts };
}
