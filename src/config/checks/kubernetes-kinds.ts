/** The kinds of Kubernetes' own groups that nobody can add to, so that a slip in a kind's name shows. */

/** By group; the newest version of each group has them all. https://kubernetes.io/docs/reference/kubernetes-api/ */
export const KUBERNETES_KINDS: ReadonlyMap<
  string,
  { readonly version: string; readonly kinds: readonly string[] }
> = new Map([
  [
    '',
    {
      version: 'v1',
      kinds: [
        'Binding',
        'ComponentStatus',
        'ConfigMap',
        'Endpoints',
        'Event',
        'LimitRange',
        'List',
        'Namespace',
        'Node',
        'PersistentVolume',
        'PersistentVolumeClaim',
        'Pod',
        'PodTemplate',
        'ReplicationController',
        'ResourceQuota',
        'Secret',
        'Service',
        'ServiceAccount',
      ],
    },
  ],
  [
    'apps',
    {
      version: 'apps/v1',
      kinds: ['ControllerRevision', 'DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'],
    },
  ],
  ['batch', { version: 'batch/v1', kinds: ['CronJob', 'Job'] }],
]);
