import { describe, expect, test } from 'vitest';
import { deploymentTrouble, podTrouble, rolloutOf } from '../../src/kube/rollout.ts';

describe('how far a Deployment is', () => {
  const of = (spec: object, status: object, generation = 1): unknown =>
    rolloutOf({ metadata: { generation }, spec, status });
  const SEEN = { observedGeneration: 1 };

  test.each([
    ['nothing seen yet', { replicas: 1 }, {}, false, 'has just changed'],
    ['none there', { replicas: 2 }, SEEN, false, '0 of 2 pods are ready'],
    [
      'one of two',
      { replicas: 2 },
      { ...SEEN, replicas: 2, updatedReplicas: 2, availableReplicas: 1 },
      false,
      '1 of 2 pods are ready',
    ],
    [
      'all there',
      { replicas: 1 },
      { ...SEEN, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
      true,
      '1 of 1 pod is ready',
    ],
    [
      'an old pod that serves until the new one does',
      { replicas: 1 },
      { ...SEEN, replicas: 2, updatedReplicas: 1, availableReplicas: 1 },
      false,
      '0 of 1 new pod is ready',
    ],
    [
      'an old pod that ends',
      { replicas: 1 },
      { ...SEEN, replicas: 2, updatedReplicas: 1, availableReplicas: 2 },
      false,
      '1 old pod ends',
    ],
    ['none wanted', { replicas: 0 }, SEEN, true, '0 of 0 pods are ready'],
  ])('%s', (_title, spec, status, isDone, text) => {
    expect(of(spec, status)).toEqual({ isDone, text });
  });
});

describe('what is in the way', () => {
  const waiting = (reason: string, message: string): object => ({
    metadata: { name: 'web-1' },
    status: { containerStatuses: [{ name: 'web', image: 'web:1', state: { waiting: { reason, message } } }] },
  });

  test.each([
    ['ImagePullBackOff', 'image web:1', 'imagePullSecrets'],
    ['CrashLoopBackOff', 'back-off', 'kubectl logs --previous web-1'],
    ['CreateContainerConfigError', 'secret "x" not found', 'ConfigMap or Secret'],
  ])('of a pod: %s', (reason, words, hint) => {
    const trouble = podTrouble(waiting(reason, words) as never);
    expect(trouble).toMatchObject({ reason, hint: expect.stringContaining(hint) });
    expect(trouble?.message).toContain(words);
  });

  test('a pod that only starts is in no trouble, nor is one that runs', () => {
    expect(podTrouble(waiting('ContainerCreating', '') as never)).toBeUndefined();
    expect(podTrouble({ status: { phase: 'Running' } })).toBeUndefined();
    expect(podTrouble({})).toBeUndefined();
  });

  test('a pod that no node takes, and one whose init container failed', () => {
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' },
    ];
    expect(podTrouble({ status: { conditions } })).toMatchObject({ reason: 'Unschedulable' });
    const initContainerStatuses = [
      { name: 'istio-init', state: { terminated: { exitCode: 255, reason: 'Error' } } },
    ];
    expect(podTrouble({ metadata: { name: 'w' }, status: { initContainerStatuses } })).toMatchObject({
      message: 'container istio-init ended with 255',
    });
  });

  test.each([
    ['pods "a" is forbidden: exceeded quota: small', 'ResourceQuota'],
    ['pods "a" is forbidden: violates PodSecurity "restricted"', 'enforce'],
    ['admission webhook "no.example.com" denied the request', 'no.example.com'],
  ])('of a Deployment: %s', (message, hint) => {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }];
    expect(deploymentTrouble({ status: { conditions } })).toMatchObject({
      message,
      hint: expect.stringContaining(hint),
    });
    expect(deploymentTrouble({ status: {} })).toBeUndefined();
  });
});
