/** PeerAuthentications of one scope: of several only the oldest counts, and some count for nobody. */

import { type PeerAuthentication, selectorOf } from '../../../model/peer-authentication.ts';
import { WORKLOAD_KINDS, type Workload } from '../../../model/workloads.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { MESSAGES } from '../../catalogue.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';
import { groupBy } from '../group-by.ts';

export const analyzer: Analyzer = {
  name: 'peerauthentication.ScopeAnalyzer',
  summary: 'A namespace and a workload have one PeerAuthentication each, which counts',
  reads: [...WORKLOAD_KINDS, 'security.istio.io/PeerAuthentication'],
  messages: [
    MESSAGES.IneffectivePolicy,
    MESH_MESSAGES.SeveralPoliciesWithoutSelector,
    MESH_MESSAGES.SeveralPoliciesForWorkload,
  ],
  analyze(context) {
    const { snapshot } = context;
    const policies = snapshot.list('security.istio.io/PeerAuthentication');
    for (const [namespace, group] of groupBy(policies, (policy) => snapshot.namespaceOf(policy))) {
      const selective = group.filter((policy) => Object.keys(selectorOf(policy)).length > 0);
      const general = group.filter((policy) => !selective.includes(policy));
      checkGeneral(context, namespace, general);
      if (namespace === snapshot.mesh.rootNamespace) reportIneffective(context, selective);
      else checkSelective(context, namespace, selective);
    }
  },
};

/** Names without repetition: objects of one name are versions of one. */
function namesOf(policies: readonly PeerAuthentication[]): string[] {
  return [...new Set(policies.map(({ meta }) => meta.name))].sort();
}

function checkGeneral(
  { report }: AnalysisContext,
  namespace: string,
  group: readonly PeerAuthentication[],
): void {
  const policies = namesOf(group);
  if (policies.length < 2) return;
  for (const policy of group) {
    report(MESH_MESSAGES.SeveralPoliciesWithoutSelector, policy, ['metadata', 'name'], {
      namespace,
      policies,
    });
  }
}

function reportIneffective({ report }: AnalysisContext, group: readonly PeerAuthentication[]): void {
  for (const policy of group) {
    report(MESSAGES.IneffectivePolicy, policy, ['spec', 'selector'], {
      reason: 'in the root namespace, a PeerAuthentication with a selector counts for no workload',
    });
  }
}

function checkSelective(
  { snapshot, report }: AnalysisContext,
  namespace: string,
  group: readonly PeerAuthentication[],
): void {
  const claims = new Map<Workload, PeerAuthentication[]>();
  for (const policy of group) {
    for (const workload of snapshot.workloads.select(selectorOf(policy), namespace)) {
      claims.set(workload, [...(claims.get(workload) ?? []), policy]);
    }
  }
  for (const [workload, claimants] of claims) {
    const policies = namesOf(claimants);
    if (policies.length < 2) continue;
    for (const policy of claimants) {
      report(MESH_MESSAGES.SeveralPoliciesForWorkload, policy, ['spec', 'selector'], {
        namespace,
        workload: workload.object.meta.name,
        policies,
      });
    }
  }
}
