import { expect, test } from 'vitest';
import { type PodMetadata, podOwner } from '../../src/base/pod-owner.ts';

const owned = (kind: string, name: string, labels: object = {}): PodMetadata => ({
  generateName: `${name}-`,
  ownerReferences: [
    { kind: 'Other', name: 'other' },
    { apiVersion: 'v1', kind, name, controller: true },
  ],
  labels,
});

test.each<readonly [string, PodMetadata, string | undefined]>([
  ['a Deployment', owned('ReplicaSet', 'web-5d4f', { 'pod-template-hash': '5d4f' }), 'Deployment web'],
  ['a ReplicaSet by itself', owned('ReplicaSet', 'web-5d4f'), 'ReplicaSet web-5d4f'],
  ['a Rollout', owned('ReplicaSet', 'web-77', { 'rollouts-pod-template-hash': '77' }), 'Rollout web'],
  ['a CronJob', owned('Job', 'nightly-28512345'), 'CronJob nightly'],
  ['a Job', owned('Job', 'nightly-1'), 'Job nightly-1'],
  [
    'a DeploymentConfig',
    owned('ReplicationController', 'web-2', { deploymentconfig: 'web' }),
    'DeploymentConfig web',
  ],
  ['a StatefulSet', owned('StatefulSet', 'db'), 'StatefulSet db'],
  ['nothing, with a name of its own', { ...owned('StatefulSet', 'db'), generateName: undefined }, undefined],
  ['nothing', { generateName: 'web-' }, undefined],
  [
    'what only refers to it',
    { generateName: 'a-', ownerReferences: [{ kind: 'Other', name: 'a' }] },
    undefined,
  ],
])('a pod belongs to %s', (_, metadata, expected) => {
  const owner = podOwner(metadata);
  expect(owner && `${owner.kind} ${owner.name}`).toBe(expected);
});
