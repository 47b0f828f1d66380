/** Who is at an endpoint, for the metrics of its clients, who may never hear it from the workload itself. */

import type { ServiceEndpoint } from '../../model/endpoints.ts';
import type { Labels } from '../../model/selectors.ts';

const LATEST = 'latest';

const NAME_LABELS = ['service.istio.io/canonical-name', 'app.kubernetes.io/name', 'app'];
const REVISION_LABELS = ['service.istio.io/canonical-revision', 'app.kubernetes.io/version', 'version'];

function firstOf(labels: Labels, names: readonly string[]): string | undefined {
  const name = names.find((one) => Object.hasOwn(labels, one));
  return name === undefined ? undefined : labels[name];
}

/** The canonical service of a workload: what its labels say, else the workload's own name. */
export function canonicalName(labels: Labels, workload: string): string {
  return firstOf(labels, NAME_LABELS) ?? workload;
}

export function canonicalRevision(labels: Labels): string {
  return firstOf(labels, REVISION_LABELS) ?? LATEST;
}

/** `workload;namespace;canonical name;canonical revision;cluster`; the revision `latest` is left out, as istiod does. */
export function workloadText(
  { workload, namespace, labels }: Pick<ServiceEndpoint, 'workload' | 'namespace' | 'labels'>,
  clusterId: string,
): string {
  const revision = canonicalRevision(labels);
  const parts = [workload, namespace, canonicalName(labels, workload), revision === LATEST ? '' : revision];
  return [...parts, clusterId].join(';');
}
