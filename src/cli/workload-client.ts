/** A workload that calls others, by the name that was typed, as the snapshot knows it. */

import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import { parseReference } from '../kube/pods.ts';
import type { DestinationRuleClient } from '../model/destination-rules.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Workload } from '../model/workloads.ts';

/** Types that are typed in short. */
const SHORT: Readonly<Record<string, string>> = {
  po: 'pod',
  deploy: 'deployment',
  sts: 'statefulset',
  ds: 'daemonset',
  rs: 'replicaset',
};

/** Any workload of the namespace, without labels, when nothing is typed. Throws a `MeshError` when there is none. */
export function workloadClient(
  typed: string | undefined,
  namespace: string,
  snapshot: Snapshot,
): DestinationRuleClient {
  if (typed === undefined) return { namespace, labels: {} };
  const { namespace: own, labels } = findWorkload(typed, namespace, snapshot);
  return { namespace: own, labels };
}

/** The Pod or pod template of that name. Throws a `MeshError` when there is none. */
export function findWorkload(typed: string, namespace: string, snapshot: Snapshot): Workload {
  const reference = parseReference(typed, namespace);
  const type = (reference.type ?? '').replace(/\..*$/, '').replace(/s$/, '');
  const kind = reference.type === undefined ? undefined : (SHORT[reference.type] ?? SHORT[type] ?? type);
  const found = snapshot.workloads.all.find(
    ({ object, namespace: own }) =>
      own === reference.namespace &&
      object.meta.name === reference.name &&
      (kind === undefined || object.kind.toLowerCase() === kind),
  );
  if (found !== undefined) return found;
  const known = snapshot.workloads.all.map(({ object, namespace: own }) => `${object.meta.name}.${own}`);
  const near = nearestName(`${reference.name}.${reference.namespace}`, known);
  throw new MeshError('BadArgument', `there is no workload ${reference.namespace}/${reference.name}`, {
    hint:
      near === undefined
        ? `There are: ${known.slice(0, 20).join(', ') || 'none'}. Leave it out for any workload of --namespace.`
        : `Did you mean ${near}?`,
  });
}
