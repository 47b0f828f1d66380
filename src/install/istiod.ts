/** The control plane: Deployment and Service `istiod`. */

import { binding, type Installation, serviceAccount } from './installation.ts';
import type { Resource } from './resource.ts';
import { controllerClusterRole, controllerRole } from './roles.ts';
import { environment, fromField, workload } from './workload.ts';

/** Ports of the control plane's pods. Metrics are where readiness is. */
export const ISTIOD_PORTS = { xds: 15_010, xdsTls: 15_012, webhooks: 15_017, http: 8080 } as const;

/** Not root, and the user whose traffic is never redirected. */
const USER = 1337;

/** The objects of the control plane but for ConfigMaps and webhooks. */
export function istiodResources(installation: Installation): readonly Resource[] {
  const { namespace, istiod } = installation;
  const component = 'Pilot';
  const labels = installation.labels(component, 'istiod');
  const account = serviceAccount(installation, istiod, namespace, labels);
  const clusterRole = controllerClusterRole(installation, labels);
  const role = controllerRole(installation, labels);
  return [
    account,
    clusterRole,
    binding('ClusterRoleBinding', clusterRole, { name: istiod, namespace }),
    role,
    binding('RoleBinding', role, { name: istiod, namespace }),
    istiodService(installation),
    ...istiodWorkload(installation, labels),
  ];
}

/** Labels that select the control plane's pods. */
export function istiodSelector({ revision, revisionLabel }: Installation): Record<string, string> {
  return revision === ''
    ? { app: 'istiod', istio: 'pilot' }
    : { app: 'istiod', 'istio.io/rev': revisionLabel };
}

function istiodService(installation: Installation): Resource {
  const { spec, values, namespace, istiod } = installation;
  const k8s = spec.components?.pilot?.k8s ?? {};
  const annotations = { ...values.pilot?.serviceAnnotations, ...k8s.serviceAnnotations };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: istiod,
      namespace,
      labels: { ...installation.labels('Pilot', 'istiod'), istio: 'pilot' },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: { ports: istiodServicePorts(), selector: istiodSelector(installation), ...k8s.service },
  };
}

/** Also those of the Service that stands for a control plane in another cluster. */
export function istiodServicePorts(): readonly Record<string, unknown>[] {
  return [
    { name: 'grpc-xds', port: ISTIOD_PORTS.xds, protocol: 'TCP' },
    { name: 'https-dns', port: ISTIOD_PORTS.xdsTls, protocol: 'TCP' },
    { name: 'https-webhook', port: 443, targetPort: ISTIOD_PORTS.webhooks, protocol: 'TCP' },
    { name: 'http-monitoring', port: 15_014, targetPort: ISTIOD_PORTS.http, protocol: 'TCP' },
  ];
}

function istiodWorkload(installation: Installation, labels: Record<string, string>): readonly Resource[] {
  const { spec, values, global, namespace, istiod, named, revisionLabel } = installation;
  const component = spec.components?.pilot ?? {};
  const pilot = values.pilot ?? {};
  // It then serves a cluster that it does not run in.
  const external = global.externalIstiod === true;
  return workload(
    {
      name: istiod,
      namespace,
      // The control plane is the injector, and `kubectl get deployment -l istio=sidecar-injector` finds it.
      labels: { ...labels, istio: 'sidecar-injector', ...pilot.deploymentLabels },
      selector: istiodSelector(installation),
      podLabels: { ...labels, istio: 'pilot', 'sidecar.istio.io/inject': 'false', ...pilot.podLabels },
      podAnnotations: {
        'prometheus.io/port': String(ISTIOD_PORTS.http),
        'prometheus.io/scrape': 'true',
        'sidecar.istio.io/inject': 'false',
      },
      serviceAccount: istiod,
      apiToken: true,
      user: USER,
      chart: pilot,
      k8s: component.k8s ?? {},
      container: {
        name: 'discovery',
        image: installation.image(pilot.image ?? 'controller', {
          hub: component.hub ?? pilot.hub,
          tag: component.tag ?? pilot.tag,
        }),
        args: [
          '--kubeconfig=in-cluster',
          `--grpc-addr=0.0.0.0:${ISTIOD_PORTS.xds}`,
          `--http-addr=0.0.0.0:${ISTIOD_PORTS.http}`,
          `--https-addr=0.0.0.0:${ISTIOD_PORTS.webhooks}`,
          '--mesh-config=/etc/istio/config/mesh',
          `--istio-namespace=${namespace}`,
          `--domain=${global.proxy?.clusterDomain ?? 'cluster.local'}`,
          `--log-level=${logLevel(global.logging?.level)}`,
          ...(pilot.extraContainerArgs ?? []),
        ],
        ports: [
          { name: 'http', containerPort: ISTIOD_PORTS.http, protocol: 'TCP' },
          { name: 'grpc-xds', containerPort: ISTIOD_PORTS.xds, protocol: 'TCP' },
          { name: 'tls-xds', containerPort: ISTIOD_PORTS.xdsTls, protocol: 'TCP' },
          { name: 'https-webhooks', containerPort: ISTIOD_PORTS.webhooks, protocol: 'TCP' },
        ],
        env: [
          { name: 'REVISION', value: revisionLabel },
          fromField('POD_NAME', 'metadata.name'),
          fromField('POD_NAMESPACE', 'metadata.namespace'),
          fromField('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
          { name: 'CLUSTER_ID', value: clusterName(installation) },
          ...(external
            ? [
                { name: 'EXTERNAL_ISTIOD', value: 'true' },
                { name: 'KUBECONFIG', value: '/var/run/secrets/remote/config' },
              ]
            : []),
          ...(global.caAddress === undefined || global.caAddress === ''
            ? []
            : [{ name: 'CA_ADDR', value: global.caAddress }]),
          ...environment(pilot.env),
        ],
        readinessProbe: {
          httpGet: { path: '/ready', port: ISTIOD_PORTS.http },
          initialDelaySeconds: 1,
          periodSeconds: 3,
          timeoutSeconds: 5,
        },
        volumeMounts: [
          { name: 'tmp', mountPath: '/tmp' },
          { name: 'local-certs', mountPath: '/var/run/secrets/istio-dns' },
          { name: 'cacerts', mountPath: '/etc/cacerts', readOnly: true },
          ...(external
            ? [{ name: 'istio-kubeconfig', mountPath: '/var/run/secrets/remote', readOnly: true }]
            : []),
          { name: 'config', mountPath: '/etc/istio/config', readOnly: true },
          { name: 'inject', mountPath: '/var/lib/istio/inject', readOnly: true },
        ],
      },
      volumes: [
        { name: 'tmp', emptyDir: {} },
        { name: 'local-certs', emptyDir: { medium: 'Memory' } },
        { name: 'cacerts', secret: { secretName: 'cacerts', optional: true } },
        ...(external
          ? [{ name: 'istio-kubeconfig', secret: { secretName: 'istio-kubeconfig', optional: true } }]
          : []),
        { name: 'config', configMap: { name: named('istio'), optional: true } },
        { name: 'inject', configMap: { name: named('istio-sidecar-injector'), optional: true } },
      ],
    },
    installation,
  );
}

/** Levels by scope, as `default:info,ads:debug`; the control plane has one for all. */
function logLevel(levels = ''): string {
  const level = /(?:^|,)(?:(?:default|all):)?([a-z]+)(?:,|$)/.exec(levels)?.[1] ?? 'info';
  return { none: 'off', fatal: 'error', warning: 'warn', trace: 'debug' }[level] ?? level;
}

/** The name of this cluster among others. */
export function clusterName({ global }: Installation): string {
  const name = global.multiCluster?.clusterName;
  return name === undefined || name === '' ? 'Kubernetes' : name;
}
