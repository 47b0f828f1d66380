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
  [GATEWAY_GROUP]: [
    'backendtlspolicies',
    'gatewayclasses',
    'gateways',
    'grpcroutes',
    'httproutes',
    'listenersets',
    'tcproutes',
    'tlsroutes',
    'udproutes',
  ],
};

/** Whether the control plane writes conditions into the status of objects of this resource. */
export function hasStatus(group: string, plural: string): boolean {
  // Those of the Gateway API have a status of their own form.
  return group !== GATEWAY_GROUP && (STATUS[group]?.includes(plural) ?? false);
}

/** The ConfigMap with the root certificate that the control plane puts into every namespace. */
const ROOT_CERTIFICATE = 'istio-ca-root-cert';

/** Rights in the whole cluster. Secrets are not among them: see `secretReaderRole`. */
export function controllerClusterRole(installation: Installation, labels: Record<string, string>): Resource {
  const { clusterNamed } = installation;
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: clusterNamed('istiod-clusterrole'), labels },
    rules: [
      // Configuration of the mesh: read all of it, write only status.
      { apiGroups: [...CONFIG_GROUPS, ...SMI_GROUPS, GATEWAY_GROUP], resources: ['*'], verbs: READ },
      ...Object.entries(STATUS).map(([group, plurals]) => ({
        apiGroups: [group],
        resources: plurals.map((plural) => `${plural}/status`),
        verbs: ['patch', 'update'],
      })),
      { apiGroups: ['networking.k8s.io'], resources: ['ingressclasses', 'ingresses'], verbs: READ },
      { apiGroups: ['networking.k8s.io'], resources: ['ingresses/status'], verbs: ['patch', 'update'] },
      // Service discovery. Nodes give localities.
      { apiGroups: [''], resources: ['endpoints', 'namespaces', 'nodes', 'pods', 'services'], verbs: READ },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
      // Which kinds the cluster has.
      { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: READ },
      // The root certificate for proxies. A right to create cannot be tied to a name.
      { apiGroups: [''], resources: ['configmaps'], verbs: ['create', ...READ] },
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: [ROOT_CERTIFICATE],
        verbs: ['patch', 'update'],
      },
      // Whether the caller is who it says, and whether a gateway may have the Secret that it asks for.
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
      // Its own certificate in its own webhooks. Tags' webhooks are made later, so they are not named here.
      {
        apiGroups: ['admissionregistration.k8s.io'],
        resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
        verbs: READ,
      },
      {
        apiGroups: ['admissionregistration.k8s.io'],
        resources: ['mutatingwebhookconfigurations'],
        resourceNames: [injectorWebhookName(installation), ...tagWebhookNames(installation)],
        verbs: ['patch', 'update'],
      },
      {
        apiGroups: ['admissionregistration.k8s.io'],
        resources: ['validatingwebhookconfigurations'],
        resourceNames: [clusterNamed('istio-validator')],
        verbs: ['patch', 'update'],
      },
    ],
  };
}

/** Name of the webhook that injects. Only those outside of istio-system carry their namespace, as in Istio. */
export function injectorWebhookName({ namespace, named }: Installation): string {
  const name = named('istio-sidecar-injector');
  return namespace === 'istio-system' ? name : `${name}-${namespace}`;
}

/** Names of the webhooks of tags, by the tags that the settings list. */
export function tagWebhookNames({ values }: Pick<Installation, 'values'>): readonly string[] {
  return (values.revisionTags ?? []).map((tag) => `istio-revision-tag-${tag}`);
}

/** Rights in the namespace of the control plane. */
export function controllerRole({ named, namespace }: Installation, labels: Record<string, string>): Resource {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: named('istiod'), namespace, labels },
    rules: [
      // Its signing key, keys of other clusters (istio/multiCluster), and credentials of gateways beside it.
      { apiGroups: [''], resources: ['secrets'], verbs: ['create', ...READ] },
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: ['istio-ca-secret'],
        verbs: ['patch', 'update'],
      },
      // Who of several instances writes, and what the others tell it.
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        verbs: ['create', 'delete', 'get', 'list', 'patch', 'update'],
      },
    ],
  };
}

/** The right to read Secrets of a gateway's namespace, for the gateway, or for the control plane on its behalf. */
export function secretReaderRole(name: string, namespace: string, labels: Record<string, string>): Resource {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name, namespace, labels },
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: READ }],
  };
}

/** What the control plane of another cluster may read here. */
export function readerClusterRole({ clusterNamed }: Installation, labels: Record<string, string>): Resource {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: clusterNamed('istio-reader-clusterrole'), labels },
    rules: [
      { apiGroups: [...CONFIG_GROUPS, ...SMI_GROUPS, GATEWAY_GROUP], resources: ['*'], verbs: READ },
      { apiGroups: [''], resources: ['endpoints', 'namespaces', 'nodes', 'pods', 'services'], verbs: READ },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
      { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: READ },
      // Proxies here prove who they are to the control plane there.
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['create', ...READ] },
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: [ROOT_CERTIFICATE],
        verbs: ['patch', 'update'],
      },
    ],
  };
}
