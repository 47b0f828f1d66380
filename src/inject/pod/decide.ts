/** Whether a pod gets a sidecar. */

import type { InjectConfig } from '../config.ts';
import { selects } from '../config.ts';
import type { Pod } from './pod.ts';

/** Namespaces of the cluster itself, whose pods the mesh leaves alone. */
export const IGNORED_NAMESPACES: readonly string[] = [
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'local-path-storage',
];

const INJECT = 'sidecar.istio.io/inject';

/** Why not; undefined when it does. The words are those that scripts look for. */
export function reasonToSkip(pod: Pod, config: InjectConfig): string | undefined {
  if (pod.spec.hostNetwork === true) return 'has host networking enabled';
  const disabled = 'has sidecar injection disabled';
  if (IGNORED_NAMESPACES.includes(pod.owner.namespace)) {
    return `${disabled}: pods of namespace ${pod.owner.namespace} are left alone`;
  }
  const label = pod.labels[INJECT];
  const wish = label ?? pod.annotations[INJECT];
  if (wish === 'true') return undefined;
  if (wish === 'false') return `${disabled} by ${label === undefined ? 'annotation' : 'label'} ${INJECT}`;
  if (config.neverInjectSelector.some((selector) => selects(selector, pod.labels))) {
    return `${disabled} by neverInjectSelector`;
  }
  if (config.alwaysInjectSelector.some((selector) => selects(selector, pod.labels))) return undefined;
  return config.policy === 'enabled' ? undefined : `${disabled} by the policy of the configuration`;
}
