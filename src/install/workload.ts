/** Deployments, autoscalers and disruption budgets, the same for every part; pods that Pod Security calls restricted. */

import type {
  Gateway,
  KubernetesResources,
  Pilot,
  ResourceRequirements,
} from '../api/generated/types/install.istio.io/IstioOperator.ts';
import type { Installation } from './installation.ts';
import { overlay } from './overlay.ts';
import { compact, type Resource } from './resource.ts';
import { isTree, type Tree } from './setting-path.ts';

/** Settings of a workload as charts have them. */
export type ChartSettings = Pick<
  Partial<Pilot & Gateway>,
  | 'autoscaleEnabled'
  | 'autoscaleMin'
  | 'autoscaleMax'
  | 'cpu'
  | 'memory'
  | 'replicaCount'
  | 'rollingMaxSurge'
  | 'rollingMaxUnavailable'
  | 'nodeSelector'
  | 'tolerations'
  | 'affinity'
  | 'podAnnotations'
> & { readonly resources?: ResourceRequirements };

export interface WorkloadParts {
  readonly name: string;
  readonly namespace: string;
  /** Labels of the Deployment. */
  readonly labels: Readonly<Record<string, string>>;
  /** Labels that pods are selected by; they cannot change later. */
  readonly selector: Readonly<Record<string, string>>;
  readonly podLabels: Readonly<Record<string, string>>;
  readonly podAnnotations?: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** Whether pods get a token for the API server mounted. */
  readonly apiToken: boolean;
  readonly user: number;
  readonly group?: number;
  /** Without security, resources and pull policy, which are added. */
  readonly container: Tree & { readonly name: string; readonly env?: readonly Tree[] };
  readonly volumes: readonly Tree[];
  readonly terminationGracePeriodSeconds?: number;
  /** For what runs once and keeps its data in memory; replaced at once, without a disruption budget. */
  readonly single?: boolean;
  readonly chart: ChartSettings;
  readonly k8s: KubernetesResources;
}

/** The Deployment of a part, with its autoscaler and disruption budget where these are on. */
export function workload(parts: WorkloadParts, installation: Installation): readonly Resource[] {
  const { name, namespace, labels, selector, chart, k8s } = parts;
  const scaled = chart.autoscaleEnabled === true && k8s.replicaCount === undefined;
  const resources: Resource[] = [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace, labels },
      spec: {
        ...(scaled ? {} : { replicas: k8s.replicaCount ?? chart.replicaCount ?? 1 }),
        selector: { matchLabels: selector },
        strategy: k8s.strategy ?? (parts.single === true ? { type: 'Recreate' } : rollingUpdate(chart)),
        template: podTemplate(parts, installation),
      },
    },
  ];
  if (scaled || k8s.hpaSpec !== undefined) resources.push(autoscaler(parts));
  const budget = parts.single !== true && installation.global.defaultPodDisruptionBudget?.enabled === true;
  if (budget || k8s.podDisruptionBudget !== undefined) {
    resources.push({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name, namespace, labels },
      // Not minAvailable: with a single pod that would keep its node from ever being drained.
      spec: { ...(k8s.podDisruptionBudget ?? { maxUnavailable: 1 }), selector: { matchLabels: selector } },
    });
  }
  return resources;
}

function rollingUpdate({ rollingMaxSurge = '100%', rollingMaxUnavailable = '25%' }: ChartSettings): Tree {
  return {
    type: 'RollingUpdate',
    rollingUpdate: { maxSurge: rollingMaxSurge, maxUnavailable: rollingMaxUnavailable },
  };
}

function podTemplate(parts: WorkloadParts, { global }: Installation): Tree {
  const { chart, k8s, user, group = user } = parts;
  const { env = [], ...container } = parts.container;
  const annotations = { ...parts.podAnnotations, ...chart.podAnnotations, ...k8s.podAnnotations };
  const volumes = [...parts.volumes, ...(k8s.volumes ?? [])];
  const mounts = Array.isArray(container['volumeMounts'])
    ? (container['volumeMounts'] as readonly unknown[])
    : [];
  return {
    metadata: compact({ labels: parts.podLabels, annotations }),
    spec: {
      serviceAccountName: parts.serviceAccount,
      ...(parts.apiToken ? {} : { automountServiceAccountToken: false }),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: group,
        fsGroup: group,
        seccompProfile: { type: 'RuntimeDefault' },
        ...k8s.securityContext,
      },
      ...compact({
        priorityClassName: k8s.priorityClassName ?? global.priorityClassName,
        terminationGracePeriodSeconds: parts.terminationGracePeriodSeconds,
      }),
      containers: [
        {
          ...container,
          ...compact({
            imagePullPolicy: k8s.imagePullPolicy ?? global.imagePullPolicy,
            env: overlay({ env }, { env: [...(k8s.env ?? [])] })['env'],
            readinessProbe: k8s.readinessProbe ?? container['readinessProbe'],
            resources: resourcesOf(chart, k8s),
          }),
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            privileged: false,
            readOnlyRootFilesystem: true,
            runAsNonRoot: true,
          },
          volumeMounts: [...mounts, ...(k8s.volumeMounts ?? [])],
        },
      ],
      volumes,
      ...compact({
        nodeSelector: first(k8s.nodeSelector, chart.nodeSelector, global.defaultNodeSelector),
        affinity: first(k8s.affinity, chart.affinity),
        tolerations: k8s.tolerations ?? chart.tolerations ?? global.defaultTolerations,
      }),
    },
  };
}

/** The first that says something. */
function first(...choices: readonly (object | undefined)[]): object | undefined {
  return choices.find((choice) => choice !== undefined && Object.keys(choice).length > 0);
}

function resourcesOf({ resources = {} }: ChartSettings, k8s: KubernetesResources): Tree {
  return overlay({ ...resources }, { ...k8s.resources });
}

function autoscaler({ name, namespace, labels, chart, k8s }: WorkloadParts): Resource {
  const { autoscaleMin = 1, autoscaleMax = 5, cpu, memory } = chart;
  const metrics = [
    ...(cpu?.targetAverageUtilization === undefined ? [] : [metric('cpu', cpu.targetAverageUtilization)]),
    ...(memory?.targetAverageUtilization === undefined
      ? []
      : [metric('memory', memory.targetAverageUtilization)]),
  ];
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace, labels },
    spec: {
      minReplicas: Math.min(autoscaleMin, autoscaleMax),
      maxReplicas: autoscaleMax,
      ...(metrics.length === 0 ? {} : { metrics }),
      ...k8s.hpaSpec,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    },
  };
}

function metric(name: string, percent: number): Tree {
  return {
    type: 'Resource',
    resource: { name, target: { type: 'Utilization', averageUtilization: percent } },
  };
}

/** Environment variables from a map of plain values. */
export function environment(env: Readonly<Record<string, unknown>> = {}): readonly Tree[] {
  return Object.entries(env).map(([name, value]) =>
    isTree(value)
      ? { name, ...value }
      : { name, value: typeof value === 'string' ? value : JSON.stringify(value) },
  );
}

/** An environment variable that holds a field of the pod. */
export function fromField(name: string, fieldPath: string): Tree {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}
