/** What runs: Pods, and the pod templates of the kinds that make pods. */

import type { KindKey } from '../api/kind-info.ts';
import type { KindTypes } from '../api/generated/kind-types.ts';
import type { FieldPath } from '../base/field-path.ts';
import type { MeshObject } from '../config/object.ts';
import { type Labels, matchesLabels } from './selectors.ts';

export type PodSpec = NonNullable<KindTypes['core/Pod']['spec']>;

export interface Workload {
  readonly object: MeshObject;
  readonly namespace: string;
  /** Labels of its pods. */
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly spec: PodSpec;
  /** Where the pod's metadata and spec stand in the object: `['spec', 'template']`, or nothing for a Pod. */
  readonly templatePath: FieldPath;
}

/** Kinds that hold a pod template, and where. */
export const TEMPLATE_PATHS: Readonly<Record<KindKey, readonly string[]>> = {
  'core/Pod': [],
  'core/ReplicationController': ['spec', 'template'],
  'apps/Deployment': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'apps/ReplicaSet': ['spec', 'template'],
  'apps.openshift.io/DeploymentConfig': ['spec', 'template'],
  'batch/Job': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
};

export const WORKLOAD_KINDS: readonly KindKey[] = Object.keys(TEMPLATE_PATHS);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stringMap(value: unknown): Labels {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** The workload in an object, undefined when it holds no pod template. */
export function workloadOf(object: MeshObject, namespace: string): Workload | undefined {
  const templatePath = TEMPLATE_PATHS[object.key];
  if (templatePath === undefined) return undefined;
  let template: unknown = object.value;
  for (const key of templatePath) template = isRecord(template) ? template[key] : undefined;
  if (!isRecord(template)) return undefined;
  const metadata = isRecord(template['metadata']) ? template['metadata'] : {};
  return {
    object,
    namespace,
    labels: stringMap(metadata['labels']),
    annotations: stringMap(metadata['annotations']),
    // The schema check has given the pod spec its types before anything gets into a snapshot.
    spec: isRecord(template['spec']) ? (template['spec'] as PodSpec) : {},
    templatePath,
  };
}

export class WorkloadIndex {
  readonly all: readonly Workload[];
  readonly #byNamespace = new Map<string, Workload[]>();

  constructor(workloads: readonly Workload[]) {
    this.all = workloads;
    for (const workload of workloads) {
      const list = this.#byNamespace.get(workload.namespace);
      if (list === undefined) this.#byNamespace.set(workload.namespace, [workload]);
      else list.push(workload);
    }
  }

  inNamespace(namespace: string): readonly Workload[] {
    return this.#byNamespace.get(namespace) ?? [];
  }

  /** Workloads whose pods have the labels; in one namespace, or anywhere when it is undefined. */
  select(selector: Labels, namespace?: string): readonly Workload[] {
    const candidates = namespace === undefined ? this.all : this.inNamespace(namespace);
    return candidates.filter((workload) => matchesLabels(selector, workload.labels));
  }
}

/** Containers and init containers together. */
export function containersOf(spec: PodSpec): NonNullable<PodSpec['containers']> {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
}
