/** What the settings come to: names, images and labels that the parts of a manifest share. */

import type {
  Global,
  IstioOperatorSpec,
  Values,
} from '../api/generated/types/install.istio.io/IstioOperator.ts';
import type { ComponentName } from './components.ts';
import type { Resource } from './resource.ts';

export interface Installation {
  readonly spec: IstioOperatorSpec;
  readonly values: Values;
  readonly global: Global;
  /** Version of this package. */
  readonly version: string;
  /** Namespace of the control plane. */
  readonly namespace: string;
  /** Empty for the only control plane. */
  readonly revision: string;
  /** The value of `istio.io/rev`. */
  readonly revisionLabel: string;
  /** Name of the control plane's Deployment and Service. */
  readonly istiod: string;
  /** A name with the revision behind it, where there is one. */
  named(name: string): string;
  /** A name of an object that the whole cluster shares: with revision and namespace behind it. */
  clusterNamed(name: string): string;
  labels(component: ComponentName, app: string): Record<string, string>;
  image(name: string, from?: ImageSource): string;
}

/** Where an image comes from, if not from where all do. */
export interface ImageSource {
  readonly hub?: string;
  readonly tag?: string | number;
}

/** The facts of an installation. `version` is that of this package. */
export function installationOf(spec: IstioOperatorSpec, version: string): Installation {
  const values = spec.values ?? {};
  const global = values.global ?? {};
  const revision = spec.revision ?? '';
  const namespace = spec.namespace ?? 'istio-system';
  const revisionLabel = revision === '' ? 'default' : revision;
  const named = (name: string): string => (revision === '' ? name : `${name}-${revision}`);
  const variant = global.variant === undefined || global.variant === '' ? '' : `-${global.variant}`;
  return {
    spec,
    values,
    global,
    version,
    namespace,
    revision,
    revisionLabel,
    istiod: named('istiod'),
    named,
    clusterNamed: (name) => `${named(name)}-${namespace}`,
    labels: (component, app) => ({
      app,
      'app.kubernetes.io/name': app,
      'app.kubernetes.io/part-of': 'istio',
      'app.kubernetes.io/managed-by': 'lateen',
      'app.kubernetes.io/version': version,
      'istio.io/rev': revisionLabel,
      'operator.istio.io/component': component,
    }),
    image(name, from = {}) {
      if (name.includes('/')) return name;
      const hub = textOr(from.hub, spec.hub ?? 'lateen');
      return `${hub}/${name}:${textOr(from.tag, String(spec.tag ?? version))}${variant}`;
    },
  };
}

/** The first text that is there and not empty. */
function textOr(value: string | number | undefined, otherwise: string): string {
  return value === undefined || value === '' ? otherwise : String(value);
}

/** `host:port` that proxies get their configuration from: the port in plain text, as the control plane has no other one. */
export function discoveryAddress({ istiod, namespace }: Pick<Installation, 'istiod' | 'namespace'>): string {
  return `${istiod}.${namespace}.svc:15010`;
}

/** The account of a part, with the Secrets to pull its images with. */
export function serviceAccount(
  { global }: Installation,
  name: string,
  namespace: string,
  labels: Record<string, string>,
): Resource {
  const secrets = global.imagePullSecrets ?? [];
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace, labels },
    ...(secrets.length === 0 ? {} : { imagePullSecrets: secrets.map((secret) => ({ name: secret })) }),
  };
}

/** A binding of a role to the account of a part. */
export function binding(
  kind: 'ClusterRoleBinding' | 'RoleBinding',
  role: Resource,
  account: { readonly name: string; readonly namespace: string },
): Resource {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: role.metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role.kind, name: role.metadata.name },
    subjects: [{ kind: 'ServiceAccount', name: account.name, namespace: account.namespace }],
  };
}
