/** What the control plane may do in the cluster, and why it must. */

import type { Installation } from './installation.ts';
import type { Resource } from './resource.ts';

const READ = ['get', 'list', 'watch'] as const;

/** Groups whose objects configure the mesh. */
export const CONFIG_GROUPS: readonly string[] = [
  'networking.istio.io',
  'security.istio.io',
  'telemetry.istio.io',
  'extensions.istio.io',
  'authentication.istio.io',
  'config.istio.io',
  'rbac.istio.io',
];
const SMI_GROUPS = ['access.smi-spec.io', 'specs.smi-spec.io', 'split.smi-spec.io'];
const GATEWAY_GROUP = 'gateway.networking.k8s.io';

/** Kinds whose status tells their author what the control plane makes of them. */
const STATUS: Readonly<Record<string, readonly string[]>> = {
  'networking.istio.io': [
    'destinationrules',
    'envoyfilters',
    'gateways',
    'proxyconfigs',
    'serviceentries',
    'sidecars',
    'virtualservices',
    'workloadentries',
    'workloadgroups',
  ],
  'security.istio.io': ['authorizationpolicies', 'peerauthentications', 'requestauthentications'],
  'telemetry.istio.io': ['telemetries'],
  'extensions.istio.io': ['trafficextensions', 'wasmplugins'],
};

/** Whether the control plane writes conditions into the status of objects of this resource. */
export function hasStatus(group: string, plural: string): boolean {
  return STATUS[group]?.includes(plural) ?? false;
}

/** What a control plane reads of a cluster: configuration, which kinds there are, services. Nodes give localities. */
const READ_RULES = [
  { apiGroups: [...CONFIG_GROUPS, ...SMI_GROUPS, GATEWAY_GROUP], resources: ['*'], verbs: READ },
  { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: READ },
  { apiGroups: [''], resources: ['endpoints', 'namespaces', 'nodes', 'pods', 'services'], verbs: READ },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
] as const;

/** Rights in the whole cluster: to read, and to write the status of configuration. */
export function controllerClusterRole(
  { clusterNamed }: Installation,
  labels: Record<string, string>,
): Resource {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: clusterNamed('istiod-clusterrole'), labels },
    rules: [
      ...READ_RULES,
      ...Object.entries(STATUS).map(([group, plurals]) => ({
        apiGroups: [group],
        resources: plurals.map((plural) => `${plural}/status`),
        verbs: ['patch'],
      })),
    ],
  };
}

/** Name of the webhook that injects. Only those outside of istio-system carry their namespace, as in Istio. */
export function injectorWebhookName({ namespace, named }: Installation): string {
  const name = named('istio-sidecar-injector');
  return namespace === 'istio-system' ? name : `${name}-${namespace}`;
}

/** Rights in the namespace of the control plane. */
export function controllerRole({ named, namespace }: Installation, labels: Record<string, string>): Resource {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: named('istiod'), namespace, labels },
    rules: [
      // The authority that signs the certificate of its webhooks.
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: ['cacerts', 'istio-ca-secret'],
        verbs: ['get'],
      },
      // Settings of the mesh and of injection.
      { apiGroups: [''], resources: ['configmaps'], verbs: READ },
      // Who of several instances writes, and what the others tell it.
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        verbs: ['create', 'delete', 'get', 'list', 'patch', 'update'],
      },
    ],
  };
}

/** What the control plane of another cluster may read here. */
export function readerClusterRole({ clusterNamed }: Installation, labels: Record<string, string>): Resource {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: clusterNamed('istio-reader-clusterrole'), labels },
    rules: READ_RULES,
  };
}

/** The settings of the mesh, which the control plane of another cluster may read, too. */
export function readerRole({ named, namespace }: Installation, labels: Record<string, string>): Resource {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: named('istio-reader'), namespace, labels },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: READ }],
  };
}
