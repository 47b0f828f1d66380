/** Labels that say where a workload runs: it has them besides its own. https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/ */

import type { Labels } from './selectors.ts';

/** A workload and where it runs. */
export interface Located {
  readonly labels: Labels;
  /** `region/zone/subzone`, what is not known left out from the right. */
  readonly locality: string;
  readonly network: string;
  /** The name of its node; '' when that is not known. */
  readonly node: string;
}

const PLACES: readonly string[] = [
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.istio.io/subzone',
];
const NODE = 'kubernetes.io/hostname';
export const NETWORK_LABEL = 'topology.istio.io/network';
export const CLUSTER_LABEL = 'topology.istio.io/cluster';

/** Where it runs counts before what it says of that itself, but for the network. '' for a label that it has not. */
export function labelOf({ labels, locality, network, node }: Located, key: string): string {
  const own = labels[key] ?? '';
  if (key === NETWORK_LABEL) return own === '' ? network : own;
  if (key === NODE) return node === '' ? own : node;
  const place = PLACES.indexOf(key);
  const known = place < 0 ? '' : (locality.split('/')[place] ?? '');
  return known === '' ? own : known;
}

/** Whether it has all of these labels. */
export function hasLabels(wanted: Labels, workload: Located): boolean {
  return Object.entries(wanted).every(
    ([key, value]) => workload.labels[key] === value || (value !== '' && labelOf(workload, key) === value),
  );
}
