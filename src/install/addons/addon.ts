/** What all addons share: one small Deployment with its Service and account. */

import type { Addon } from '../../api/generated/types/install.istio.io/IstioOperator.ts';
import { type Installation, serviceAccount } from '../installation.ts';
import { addonPolicy } from '../network-policies.ts';
import { compact, type Resource } from '../resource.ts';
import type { Tree } from '../setting-path.ts';
import { type ChartSettings, workload } from '../workload.ts';

export interface AddonParts {
  readonly name: string;
  readonly image: string;
  /** Whom the image runs as. */
  readonly user: number;
  readonly apiToken?: boolean;
  readonly args?: readonly string[];
  readonly env?: readonly Tree[];
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly readiness: Tree;
  readonly volumes: readonly Tree[];
  readonly volumeMounts: readonly Tree[];
  readonly chart: ChartSettings;
  readonly addon: Addon;
  /** Its Services, by name; ports as `port` and `targetPort`. */
  readonly services: Readonly<Record<string, readonly Tree[]>>;
  /** Ports for the whole cluster; the others are for the namespace where network policies are on. */
  readonly openPorts?: readonly number[];
}

/** The objects of an addon but for its ConfigMaps and roles. */
export function addonResources(parts: AddonParts, installation: Installation): readonly Resource[] {
  const { name, addon } = parts;
  const { namespace, global } = installation;
  const labels = installation.labels('Addons', name);
  const selector = { app: name };
  const k8s = addon.k8s ?? {};
  return [
    serviceAccount(installation, name, namespace, labels),
    ...Object.entries(parts.services).map(([service, ports]): Resource => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: service, namespace, labels, ...compact({ annotations: k8s.serviceAnnotations }) },
      spec: {
        type: 'ClusterIP',
        ports,
        selector,
        ...(service === name || service === 'tracing' ? k8s.service : {}),
      },
    })),
    ...(global.networkPolicy?.enabled === true
      ? [
          addonPolicy(
            installation,
            name,
            selector,
            parts.ports.map(({ port }) => port),
            parts.openPorts,
          ),
        ]
      : []),
    ...workload(
      {
        name,
        namespace,
        labels,
        selector,
        podLabels: { ...labels, 'sidecar.istio.io/inject': 'false' },
        podAnnotations: { 'sidecar.istio.io/inject': 'false' },
        serviceAccount: name,
        apiToken: parts.apiToken ?? false,
        user: parts.user,
        single: true,
        chart: parts.chart,
        k8s,
        container: {
          name,
          image: parts.image,
          ...compact({ args: parts.args }),
          ports: parts.ports.map(({ name: port, port: containerPort }) => ({
            name: port,
            containerPort,
            protocol: 'TCP',
          })),
          env: parts.env ?? [],
          readinessProbe: { httpGet: parts.readiness, initialDelaySeconds: 5, timeoutSeconds: 5 },
          volumeMounts: parts.volumeMounts,
        },
        volumes: parts.volumes,
      },
      installation,
    ),
  ];
}

/** A ConfigMap of an addon. */
export function addonConfigMap(
  installation: Installation,
  addon: string,
  name: string,
  data: Readonly<Record<string, string>>,
): Resource {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: installation.namespace, labels: installation.labels('Addons', addon) },
    data,
  };
}

/** `hub/image:tag`, with what the settings say of each. */
export function addonImage(
  given: { readonly hub?: string; readonly image?: string; readonly tag?: string | number } | undefined,
  hub: string,
  image: string,
  tag: string,
): string {
  return `${given?.hub ?? hub}/${given?.image ?? image}:${given?.tag ?? tag}`;
}
