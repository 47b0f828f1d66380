/** Workloads that no AuthorizationPolicy applies to: everybody may call them. */

import { isControlPlane, isMadeForGateway } from '../../../model/control-plane.ts';
import { type Labels, matchesLabels } from '../../../model/selectors.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import { isSystemNamespace } from '../../../model/system-namespaces.ts';
import { WORKLOAD_KINDS, type Workload } from '../../../model/workloads.ts';
import type { Analyzer } from '../../analyzer.ts';
import { BUILTIN_FILE } from '../../builtin-gateway.ts';
import { MESH_MESSAGES } from '../../catalogue-mesh.ts';

export const analyzer: Analyzer = {
  name: 'workload.PolicyCoverageAnalyzer',
  summary: 'Each workload has an AuthorizationPolicy',
  reads: [...WORKLOAD_KINDS, 'core/Service', 'security.istio.io/AuthorizationPolicy'],
  // Most meshes have such workloads, and mean it.
  onRequest: true,
  messages: [MESH_MESSAGES.WorkloadWithoutPolicy],
  analyze({ snapshot, report }) {
    const isCovered = coverage(snapshot);
    for (const workload of snapshot.workloads.all) {
      const { object, namespace } = workload;
      if (object.source.file === BUILTIN_FILE || isSystemNamespace(namespace)) continue;
      if (isControlPlane(object.meta.labels) || isMadeForGateway(workload.labels)) continue;
      if (isCovered(workload)) continue;
      report(MESH_MESSAGES.WorkloadWithoutPolicy, object, ['metadata', 'name'], {});
    }
  },
};

/** Whether some policy applies to a workload: by its labels, or as one behind a Service that the policy names. */
function coverage(snapshot: Snapshot): (workload: Workload) => boolean {
  const { rootNamespace } = snapshot.mesh;
  const services = new Map(
    snapshot
      .list('core/Service')
      .map((object) => [`${snapshot.namespaceOf(object)}/${object.meta.name}`, object.value.spec?.selector]),
  );
  const policies = snapshot.list('security.istio.io/AuthorizationPolicy').map((object) => {
    const { selector, targetRef, targetRefs = [] } = object.value.spec ?? {};
    const namespace = snapshot.namespaceOf(object);
    const targets = targetRef === undefined ? targetRefs : [targetRef, ...targetRefs];
    const selectors: readonly Labels[] =
      targets.length === 0
        ? [selector?.matchLabels ?? {}]
        : targets
            .filter(({ kind }) => kind === 'Service')
            .map(({ name = '' }) => services.get(`${namespace}/${name}`) ?? {})
            .filter((labels) => Object.keys(labels).length > 0);
    return { namespace, selectors };
  });
  return ({ namespace, labels }) =>
    policies.some(
      (policy) =>
        (policy.namespace === rootNamespace || policy.namespace === namespace) &&
        policy.selectors.some((selector) => matchesLabels(selector, labels)),
    );
}
