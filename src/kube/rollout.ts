/** How far a Deployment has come, and what keeps it and its pods from coming further. */

import type { ApiObject } from './reflector.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface Rollout {
  readonly isDone: boolean;
  /** `1 of 2 pods are ready`. */
  readonly text: string;
}

/** Why something does not become ready, in the words of the cluster, and what to do about it. */
export interface Trouble {
  /** `ImagePullBackOff`, `Unschedulable`, … */
  readonly reason: string;
  readonly message: string;
  readonly hint: string;
}

/**
 * The state of a Deployment: done when all pods are of the newest template and available, and no others are left.
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#complete-deployment
 */
export function rolloutOf(deployment: ApiObject): Rollout {
  const { generation } = fields(deployment['metadata']);
  const status = fields(deployment['status']);
  const count = (name: string): number => number(status[name], 0);
  const wanted = number(fields(deployment['spec'])['replicas'], 1);
  if (count('observedGeneration') < number(generation, 0)) return { isDone: false, text: 'has just changed' };
  const [updated, available] = [count('updatedReplicas'), count('availableReplicas')];
  const old = count('replicas') - updated;
  const isDone = updated >= wanted && available >= wanted && old <= 0;
  // Old pods run on until new ones can take their place, and are available as long.
  const ready = Math.max(0, Math.min(updated, available - old));
  const text =
    ready >= wanted && old > 0
      ? `${old} old ${old === 1 ? 'pod ends' : 'pods end'}`
      : `${ready} of ${wanted} ${old > 0 ? 'new ' : ''}${wanted === 1 ? 'pod is' : 'pods are'} ready`;
  return { isDone, text };
}

/** What keeps a Deployment from making pods: a quota, Pod Security, a webhook. */
export function deploymentTrouble(deployment: ApiObject): Trouble | undefined {
  const failed = conditions(deployment).find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  );
  if (failed === undefined) return undefined;
  const message = text(failed['message']);
  return { reason: text(failed['reason']), message, hint: refusalHint(message) };
}

function refusalHint(message: string): string {
  if (/exceeded quota/.test(message))
    return 'Raise the ResourceQuota of the namespace, or ask for fewer resources.';
  if (/violates PodSecurity/.test(message)) {
    return 'Set the label pod-security.kubernetes.io/enforce of the namespace to a level that admits these pods.';
  }
  const webhook = /webhook "([^"]+)"/.exec(message)?.[1];
  if (webhook !== undefined) return `The webhook ${webhook} stands in the way; ask who runs it.`;
  if (/serviceaccount/i.test(message)) return 'The service account is not there; run the same command again.';
  return 'Run "kubectl describe replicaset" in that namespace for more.';
}

/** Reasons for which a container waits in vain, with what helps. */
const WAITING: Readonly<Record<string, string>> = {
  CrashLoopBackOff: 'See why it ends: kubectl logs --previous POD.',
  CreateContainerConfigError: 'A ConfigMap or Secret that it names is not there.',
  CreateContainerError: 'See kubectl describe pod.',
  ErrImagePull:
    'Check the image, its registry and tag (--set hub=…, --set tag=…) and values.global.imagePullSecrets.',
  ErrImageNeverPull: 'The node lacks the image and may not pull it; change values.global.imagePullPolicy.',
  ImagePullBackOff:
    'Check the image, its registry and tag (--set hub=…, --set tag=…) and values.global.imagePullSecrets.',
  InvalidImageName: 'Check hub and tag.',
  RunContainerError: 'See kubectl describe pod.',
};

/** What keeps a pod from being ready; undefined for one that merely starts. */
export function podTrouble(pod: ApiObject): Trouble | undefined {
  const status = fields(pod['status']);
  for (const container of [...list(status['initContainerStatuses']), ...list(status['containerStatuses'])]) {
    const state = fields(container['state']);
    const waiting = fields(state['waiting']);
    const reason = text(waiting['reason']);
    const known = WAITING[reason];
    if (known !== undefined) {
      const hint = known.replace('POD', text(fields(pod['metadata'])['name']));
      const image = /Image|Pull/.test(reason) ? ` (image ${text(container['image'])})` : '';
      return { reason, message: `${text(waiting['message'])}${image}`, hint };
    }
    const ended = fields(state['terminated']);
    const code = number(ended['exitCode'], 0);
    if (code !== 0) {
      return {
        reason: text(ended['reason']) || 'Error',
        message: `container ${text(container['name'])} ended with ${code}`,
        hint: `See why it ends: kubectl logs ${text(fields(pod['metadata'])['name'])}.`,
      };
    }
  }
  const scheduled = conditions(pod).find(({ type }) => type === 'PodScheduled');
  if (scheduled?.['status'] === 'False') {
    return {
      reason: text(scheduled['reason']) || 'Unschedulable',
      message: text(scheduled['message']),
      hint: 'Add nodes or room on them, or ask for less: resources, nodeSelector, tolerations of the component.',
    };
  }
  return undefined;
}

function conditions(object: ApiObject): readonly Fields[] {
  return list(fields(object['status'])['conditions']);
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? (value as readonly unknown[]).map(fields) : [];
}

function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
