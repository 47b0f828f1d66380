/**
 * What Kubernetes takes for granted in its own kinds, and by what it tells the items of their lists apart:
 * the kinds that manifests for a mesh are made of. https://kubernetes.io/docs/reference/kubernetes-api/
 */

import { metadataShape, podShape } from './pod-shape.ts';
import { defaulted, EMPTY, fields, FILLED_IN, listBy, mapOf, SET } from './shape.ts';
import type { Shape } from './shape.ts';

const replicas = defaulted(1);
const revisionHistoryLimit = defaulted(10);

/** An object with `spec`. */
const withSpec = (spec: Readonly<Record<string, Shape>>): Shape =>
  fields({ metadata: metadataShape, spec: fields(spec) });

const replicaSet = withSpec({
  replicas,
  minReadySeconds: defaulted(0),
  template: podShape,
});

const deployment = withSpec({
  replicas,
  revisionHistoryLimit,
  minReadySeconds: defaulted(0),
  paused: defaulted(false),
  progressDeadlineSeconds: defaulted(600),
  strategy: fields({
    type: defaulted('RollingUpdate'),
    rollingUpdate: fields({ maxSurge: defaulted('25%'), maxUnavailable: defaulted('25%') }),
  }),
  template: podShape,
});

const daemonSet = withSpec({
  revisionHistoryLimit,
  minReadySeconds: defaulted(0),
  updateStrategy: fields({
    type: defaulted('RollingUpdate'),
    rollingUpdate: fields({ maxSurge: defaulted(0), maxUnavailable: defaulted(1) }),
  }),
  template: podShape,
});

const statefulSet = withSpec({
  replicas,
  revisionHistoryLimit,
  minReadySeconds: defaulted(0),
  serviceName: defaulted(''),
  podManagementPolicy: defaulted('OrderedReady'),
  updateStrategy: fields({
    type: defaulted('RollingUpdate'),
    rollingUpdate: fields({ partition: defaulted(0) }),
  }),
  persistentVolumeClaimRetentionPolicy: fields({
    whenDeleted: defaulted('Retain'),
    whenScaled: defaulted('Retain'),
  }),
  template: podShape,
});

const jobSpec: Readonly<Record<string, Shape>> = {
  parallelism: defaulted(1),
  completions: defaulted(1),
  backoffLimit: defaulted(6),
  completionMode: defaulted('NonIndexed'),
  manualSelector: defaulted(false),
  podReplacementPolicy: defaulted('TerminatingOrFailed'),
  suspend: defaulted(false),
  selector: FILLED_IN,
  template: podShape,
};

const cronJob = withSpec({
  concurrencyPolicy: defaulted('Allow'),
  suspend: defaulted(false),
  successfulJobsHistoryLimit: defaulted(3),
  failedJobsHistoryLimit: defaulted(1),
  jobTemplate: fields({ metadata: { ...metadataShape, absent: {} }, spec: fields(jobSpec) }),
});

const service = withSpec({
  type: defaulted('ClusterIP'),
  sessionAffinity: defaulted('None'),
  internalTrafficPolicy: defaulted('Cluster'),
  externalTrafficPolicy: defaulted('Cluster'),
  publishNotReadyAddresses: defaulted(false),
  allocateLoadBalancerNodePorts: defaulted(true),
  ports: listBy(
    ['port', 'protocol'],
    fields({
      protocol: defaulted('TCP'),
      targetPort: { absentIn: ({ port }) => port },
      nodePort: FILLED_IN,
    }),
  ),
  clusterIP: FILLED_IN,
  clusterIPs: FILLED_IN,
  ipFamilies: FILLED_IN,
  ipFamilyPolicy: FILLED_IN,
  healthCheckNodePort: FILLED_IN,
});

const ROLE_API = 'rbac.authorization.k8s.io';

const policyRules: Shape = {
  unordered: true,
  items: () =>
    fields({ apiGroups: SET, resources: SET, resourceNames: SET, verbs: SET, nonResourceURLs: SET }),
};

const role = fields({ metadata: metadataShape, rules: policyRules });

const roleBinding = fields({
  metadata: metadataShape,
  roleRef: fields({ apiGroup: defaulted(ROLE_API) }),
  subjects: listBy(
    ['kind', 'namespace', 'name'],
    fields({ apiGroup: { absentIn: ({ kind }) => (kind === 'ServiceAccount' ? '' : ROLE_API) } }),
  ),
});

/** Both kinds of webhook configuration. */
const webhooks = fields({
  metadata: metadataShape,
  webhooks: listBy(
    ['name'],
    fields({
      failurePolicy: defaulted('Fail'),
      matchPolicy: defaulted('Equivalent'),
      reinvocationPolicy: defaulted('Never'),
      timeoutSeconds: defaulted(10),
      namespaceSelector: EMPTY,
      objectSelector: EMPTY,
      admissionReviewVersions: {},
      matchConditions: listBy(['name']),
      clientConfig: fields({ caBundle: FILLED_IN, service: fields({ port: defaulted(443) }) }),
      rules: {
        unordered: true,
        items: () =>
          fields({
            scope: defaulted('*'),
            apiGroups: SET,
            apiVersions: SET,
            operations: SET,
            resources: SET,
          }),
      },
    }),
  ),
});

/** A schema in a CustomResourceDefinition, at any depth. */
const schema: Shape = {
  field(name) {
    if (name === 'properties') return mapOf(schema, EMPTY);
    if (name === 'items' || name === 'additionalProperties' || name === 'not') return schema;
    return name === 'required' || name === 'enum' ? SET : undefined;
  },
};

const definition = withSpec({
  conversion: fields({ strategy: defaulted('None') }),
  preserveUnknownFields: defaulted(false),
  names: fields({ shortNames: SET, categories: SET }),
  versions: listBy(
    ['name'],
    fields({
      schema: fields({ openAPIV3Schema: schema }),
      additionalPrinterColumns: listBy(['name'], fields({ priority: defaulted(0) })),
    }),
  ),
});

const autoscaler = withSpec({ minReplicas: defaulted(1), metrics: { unordered: true } });

const networkPorts: Shape = { unordered: true, items: () => fields({ protocol: defaulted('TCP') }) };

const networkPolicy = withSpec({
  policyTypes: {
    ...SET,
    absentIn: ({ egress }) => (egress === undefined ? ['Ingress'] : ['Ingress', 'Egress']),
  },
  ingress: { items: () => fields({ ports: networkPorts, from: { unordered: true } }) },
  egress: { items: () => fields({ ports: networkPorts, to: { unordered: true } }) },
});

const subsets: Shape = {
  items: () => fields({ ports: { unordered: true, items: () => fields({ protocol: defaulted('TCP') }) } }),
};

/** By `group/Kind`, whatever the version; the core group is called `core`. */
const SHAPES: Readonly<Record<string, Shape>> = {
  'core/Pod': podShape,
  'core/ReplicationController': replicaSet,
  'core/Service': service,
  'core/ConfigMap': fields({
    metadata: metadataShape,
    immutable: defaulted(false),
    data: mapOf({ means: 'document' }, EMPTY),
    binaryData: EMPTY,
  }),
  'core/Secret': fields({
    metadata: metadataShape,
    type: defaulted('Opaque'),
    immutable: defaulted(false),
    data: mapOf({ secret: true }, EMPTY),
  }),
  'core/ServiceAccount': fields({
    metadata: metadataShape,
    secrets: listBy(['name']),
    imagePullSecrets: listBy(['name']),
  }),
  'core/Namespace': fields({ metadata: metadataShape, spec: fields({ finalizers: FILLED_IN }) }),
  'core/Endpoints': fields({ metadata: metadataShape, subsets }),
  'core/PersistentVolumeClaim': withSpec({
    volumeMode: defaulted('Filesystem'),
    accessModes: SET,
    volumeName: FILLED_IN,
    storageClassName: FILLED_IN,
    resources: fields({ requests: mapOf({ means: 'quantity' }), limits: mapOf({ means: 'quantity' }) }),
  }),
  'core/ResourceQuota': withSpec({ hard: mapOf({ means: 'quantity' }) }),
  'apps/Deployment': deployment,
  'apps/ReplicaSet': replicaSet,
  'apps/DaemonSet': daemonSet,
  'apps/StatefulSet': statefulSet,
  'apps.openshift.io/DeploymentConfig': replicaSet,
  'batch/Job': withSpec(jobSpec),
  'batch/CronJob': cronJob,
  'rbac.authorization.k8s.io/Role': role,
  'rbac.authorization.k8s.io/ClusterRole': role,
  'rbac.authorization.k8s.io/RoleBinding': roleBinding,
  'rbac.authorization.k8s.io/ClusterRoleBinding': roleBinding,
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': webhooks,
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': webhooks,
  'apiextensions.k8s.io/CustomResourceDefinition': definition,
  'autoscaling/HorizontalPodAutoscaler': autoscaler,
  'networking.k8s.io/NetworkPolicy': networkPolicy,
};

/** The shape of a kind of Kubernetes; undefined for one that is not in the table. */
export function kubernetesShape(key: string): Shape | undefined {
  return Object.hasOwn(SHAPES, key) ? SHAPES[key] : undefined;
}

/** The shape of objects of which nothing more is known. */
export const PLAIN_OBJECT: Shape = fields({ metadata: metadataShape });
