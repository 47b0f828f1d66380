/** Webhooks: which pods the injector is asked about, and which objects the validator. */

import { dnsSubdomainNameProblem } from '../base/kubernetes-names.ts';
import { MeshError } from '../base/mesh-error.ts';
import type { Installation } from './installation.ts';
import type { Resource } from './resource.ts';
import { CONFIG_GROUPS, injectorWebhookName } from './roles.ts';
import type { Tree } from './setting-path.ts';

const INJECT = 'sidecar.istio.io/inject';
const REVISION = 'istio.io/rev';
const NAMESPACE_INJECTION = 'istio-injection';

/** Namespaces of the cluster itself, which are never injected unless they are labelled. */
export const SYSTEM_NAMESPACES: readonly string[] = [
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'local-path-storage',
];

interface Selectors {
  /** Webhooks of one configuration need different names. */
  readonly prefix: string;
  readonly namespace: readonly Tree[];
  readonly object: readonly Tree[];
}

/** Which pods a control plane injects: those of its revision; of the default one also those that only say yes. */
function selectorsOf(revisionLabel: string, isDefault: boolean, byDefault: boolean): readonly Selectors[] {
  const notRefused = { key: INJECT, operator: 'NotIn', values: ['false'] };
  const withoutLabels = [absent(NAMESPACE_INJECTION), absent(REVISION)];
  return [
    {
      prefix: 'rev.namespace.',
      namespace: [{ key: REVISION, operator: 'In', values: [revisionLabel] }, absent(NAMESPACE_INJECTION)],
      object: [notRefused],
    },
    {
      prefix: 'rev.object.',
      namespace: withoutLabels,
      object: [notRefused, { key: REVISION, operator: 'In', values: [revisionLabel] }],
    },
    ...(isDefault
      ? [
          {
            prefix: 'namespace.',
            namespace: [{ key: NAMESPACE_INJECTION, operator: 'In', values: ['enabled'] }],
            object: [notRefused],
          },
          {
            prefix: 'object.',
            namespace: withoutLabels,
            object: [{ key: INJECT, operator: 'In', values: ['true'] }, absent(REVISION)],
          },
        ]
      : []),
    ...(isDefault && byDefault
      ? [
          {
            prefix: 'auto.',
            namespace: [
              ...withoutLabels,
              { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: SYSTEM_NAMESPACES },
            ],
            object: [absent(INJECT), absent(REVISION)],
          },
        ]
      : []),
  ];
}

function absent(key: string): Tree {
  return { key, operator: 'DoesNotExist' };
}

/** Asks the control plane about new pods. Without its answer no pod starts that should have a sidecar. */
export function injectorWebhook(installation: Installation): Resource {
  const { values, revision, revisionLabel } = installation;
  const byDefault = values.sidecarInjectorWebhook?.enableNamespacesByDefault === true;
  return mutatingWebhook(
    installation,
    {
      name: injectorWebhookName(installation),
      labels: installation.labels('Pilot', 'sidecar-injector'),
    },
    selectorsOf(revisionLabel, revision === '', byDefault),
  );
}

/** Asks the control plane of a revision about pods that name a tag. The tag `default` stands for all that only say yes. */
export function tagWebhook(
  installation: Installation,
  tag: string,
  name = `istio-revision-tag-${tag}`,
): Resource {
  const byDefault = installation.values.sidecarInjectorWebhook?.enableNamespacesByDefault === true;
  return mutatingWebhook(
    installation,
    {
      name,
      labels: { ...installation.labels('Pilot', 'sidecar-injector'), 'istio.io/tag': tag },
    },
    selectorsOf(tag, tag === 'default', byDefault),
  );
}

function mutatingWebhook(
  installation: Installation,
  metadata: Resource['metadata'],
  selectors: readonly Selectors[],
): Resource {
  const { values } = installation;
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata,
    webhooks: selectors.map(({ prefix, namespace, object }) => ({
      name: `${prefix}sidecar-injector.istio.io`,
      admissionReviewVersions: ['v1'],
      clientConfig: injectorClient(installation),
      failurePolicy: 'Fail',
      namespaceSelector: { matchExpressions: namespace },
      objectSelector: { matchExpressions: object },
      reinvocationPolicy: values.sidecarInjectorWebhook?.reinvocationPolicy ?? 'Never',
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      sideEffects: 'None',
    })),
  };
}

/** Where the injector is. The control plane puts its certificate in as soon as it runs. */
function injectorClient({ values, global, istiod, namespace }: Installation): Tree {
  const {
    injectionURL: url = '',
    injectionPath,
    injectionCABundle: caBundle = '',
  } = values.istiodRemote ?? {};
  const { enabled, clusterName = DEFAULT_CLUSTER } = global.multiCluster ?? {};
  const place = [
    // The control plane takes a cluster that is not named for the default one.
    ...(enabled === true && clusterName !== DEFAULT_CLUSTER
      ? ['cluster', pathPart(clusterName, 'multiCluster.clusterName')]
      : []),
    ...(global.network === undefined || global.network === ''
      ? []
      : ['net', pathPart(global.network, 'network')]),
  ];
  const path = [injectionPath ?? '/inject', ...place].join('/');
  return {
    ...(url === '' ? { service: { name: istiod, namespace, path, port: 443 } } : { url }),
    ...(caBundle === '' ? {} : { caBundle }),
  };
}

/** The name of a cluster that has been given none. */
const DEFAULT_CLUSTER = 'Kubernetes';

/** The API server takes only such names in the path of a webhook. */
function pathPart(name: string, setting: string): string {
  const problem = dnsSubdomainNameProblem(name);
  if (problem === undefined) return name;
  throw new MeshError('BadSetting', `values.global.${setting} "${name}" ${problem}`, {
    hint: 'It becomes a part of the path of the injection webhook, where the API server takes no other names.',
  });
}

/** Asks the control plane about objects of the mesh. Those of other revisions are left to these. */
export function validatorWebhook(installation: Installation): Resource {
  const { values, revision, revisionLabel, clusterNamed, istiod, namespace } = installation;
  const url = values.base?.validationURL ?? '';
  const webhook = (name: string, selector: Tree): Tree => ({
    name,
    admissionReviewVersions: ['v1'],
    clientConfig:
      url === '' ? { service: { name: istiod, namespace, path: '/validate', port: 443 } } : { url },
    // Until the control plane runs: it turns this to Fail, or nothing could be configured before it is there.
    failurePolicy: 'Ignore',
    objectSelector: { matchExpressions: [selector] },
    rules: [
      { apiGroups: CONFIG_GROUPS, apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['*'] },
    ],
    sideEffects: 'None',
  });
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: {
      name: clusterNamed('istio-validator'),
      labels: { ...installation.labels('Pilot', 'istiod'), istio: 'istiod' },
    },
    webhooks: [
      webhook('rev.validation.istio.io', { key: REVISION, operator: 'In', values: [revisionLabel] }),
      ...(revision === '' ? [webhook('validation.istio.io', absent(REVISION))] : []),
    ],
  };
}
