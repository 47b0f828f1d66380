/** Which objects hold a pod template, where it is in them, and who they are to the pod. */

import { podOwner } from '../base/pod-owner.ts';
import type { Owner } from './pod/pod.ts';
import { getKey, isMap } from './yaml/value.ts';
import type { Json, JsonMap } from './yaml/value.ts';

export interface Workload {
  readonly kind: string;
  /** As the object has it; empty where it has none. */
  readonly name: string;
  readonly namespace: string;
  /** From the object to its pod template. */
  readonly path: readonly string[];
  readonly template: JsonMap;
  /** What the pod belongs to. */
  readonly owner: Owner;
}

const TEMPLATE = ['spec', 'template'];
const KINDS: Readonly<
  Record<string, { readonly groups: readonly string[]; readonly path: readonly string[] }>
> = {
  Pod: { groups: [''], path: [] },
  ReplicationController: { groups: [''], path: TEMPLATE },
  Deployment: { groups: ['apps', 'extensions'], path: TEMPLATE },
  DaemonSet: { groups: ['apps', 'extensions'], path: TEMPLATE },
  ReplicaSet: { groups: ['apps', 'extensions'], path: TEMPLATE },
  StatefulSet: { groups: ['apps'], path: TEMPLATE },
  Job: { groups: ['batch'], path: TEMPLATE },
  CronJob: { groups: ['batch'], path: ['spec', 'jobTemplate', 'spec', 'template'] },
  DeploymentConfig: { groups: ['', 'apps.openshift.io'], path: TEMPLATE },
};

/** Whether the object is of a kind that holds a pod template. */
export function isWorkload(value: Json): boolean {
  const kind = text(value, 'kind');
  return (
    Object.hasOwn(KINDS, kind) && (KINDS[kind]?.groups.includes(groupOf(text(value, 'apiVersion'))) ?? false)
  );
}

/** Whether the object is Kubernetes' list of any objects. */
export function isList(value: Json): boolean {
  return text(value, 'kind') === 'List' && text(value, 'apiVersion') === 'v1';
}

/** The workload; undefined where it has no pod template. */
export function workloadOf(value: Json, defaultNamespace = ''): Workload | undefined {
  const kind = text(value, 'kind');
  const path = KINDS[kind]?.path ?? TEMPLATE;
  const template = path.reduce<Json | undefined>((current, key) => getKey(current, key), value);
  if (!isMap(template) || !isMap(getKey(template, 'spec'))) return undefined;
  const metadata = getKey(value, 'metadata');
  const name = text(metadata, 'name');
  const namespace =
    text(metadata, 'namespace') || text(getKey(template, 'metadata'), 'namespace') || defaultNamespace;
  const self = { apiVersion: text(value, 'apiVersion'), kind, name, namespace };
  return {
    kind,
    name: name === '' ? text(metadata, 'generateName') : name,
    namespace,
    path,
    template,
    owner: kind === 'Pod' ? ownerOfPod(metadata, self) : self,
  };
}

/** The object with another pod template. */
export function withTemplate(value: Json, path: readonly string[], template: JsonMap): Json {
  const [key, ...rest] = path;
  if (key === undefined || !isMap(value)) return template;
  return { ...value, [key]: withTemplate(getKey(value, key) ?? {}, rest, template) };
}

/** What a pod that stands alone belongs to. */
function ownerOfPod(metadata: Json | undefined, self: Owner): Owner {
  const generated = text(metadata, 'generateName');
  const owner = isMap(metadata) ? podOwner(metadata) : undefined;
  if (owner !== undefined) return { ...self, ...owner };
  return { ...self, name: self.name === '' ? generated.replace(/-+$/, '') : self.name };
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

function text(value: Json | undefined, key: string): string {
  const found = getKey(value, key);
  return typeof found === 'string' ? found : typeof found === 'number' ? String(found) : '';
}
