/** Pods by the names that people type: `NAME`, `NAME.NAMESPACE`, `TYPE/NAME`, `TYPE/NAME.NAMESPACE`. */

import { fieldsOf } from '../base/fields-of.ts';
import { MeshError } from '../base/mesh-error.ts';
import { nearestName } from '../base/nearest.ts';
import type { KubeClient } from './client.ts';
import { explained } from './explain.ts';
import { listObjects } from './list.ts';
import type { ApiObject } from './reflector.ts';
import { listPath, objectPath, type TypeName } from './resource-path.ts';

export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

export interface Reference extends PodName {
  /** What stands before the slash; undefined for a pod. */
  readonly type: string | undefined;
}

const POD: TypeName = { apiVersion: 'v1', kind: 'Pod' };
const APPS = 'apps/v1';

/** What pods can be found by, under the names that kubectl takes. */
const TYPES: readonly (readonly [TypeName, readonly string[]])[] = [
  [POD, ['pod', 'pods', 'po']],
  [{ apiVersion: APPS, kind: 'Deployment' }, ['deployment', 'deployments', 'deploy', 'deployment.apps']],
  [{ apiVersion: APPS, kind: 'StatefulSet' }, ['statefulset', 'statefulsets', 'sts', 'statefulset.apps']],
  [{ apiVersion: APPS, kind: 'DaemonSet' }, ['daemonset', 'daemonsets', 'ds', 'daemonset.apps']],
  [{ apiVersion: APPS, kind: 'ReplicaSet' }, ['replicaset', 'replicasets', 'rs', 'replicaset.apps']],
  [
    { apiVersion: 'v1', kind: 'ReplicationController' },
    ['replicationcontroller', 'replicationcontrollers', 'rc'],
  ],
  [{ apiVersion: 'batch/v1', kind: 'Job' }, ['job', 'jobs', 'job.batch']],
  [{ apiVersion: 'v1', kind: 'Service' }, ['service', 'services', 'svc']],
];

/** A Gateway of the Gateway API has pods with a label of its name. */
const GATEWAYS = ['gateway', 'gateways', 'gtw', 'gateway.gateway.networking.k8s.io'];
const GATEWAY_LABEL = 'gateway.networking.k8s.io/gateway-name';

/** Splits at the last dot, as istioctl does it. */
export function parseReference(text: string, namespace: string): Reference {
  const slash = text.indexOf('/');
  const type = slash < 0 ? undefined : text.slice(0, slash).toLowerCase();
  const rest = text.slice(slash + 1);
  const dot = rest.lastIndexOf('.');
  const [name, named] = dot < 0 ? [rest, ''] : [rest.slice(0, dot), rest.slice(dot + 1)];
  if (name === '' || type === '') {
    throw new MeshError('BadArgument', `"${text}" names no pod`, {
      hint: 'Write NAME, NAME.NAMESPACE, or TYPE/NAME.NAMESPACE such as deploy/web.shop.',
    });
  }
  return { type, name, namespace: named === '' ? namespace : named };
}

/**
 * The pod that is meant; for a workload or Service the first of its pods, those that are ready first. Asks nothing
 * for a pod by its name. Throws a `MeshError` when there is none.
 */
export async function findPod(
  client: KubeClient,
  text: string,
  namespace: string,
  signal: AbortSignal,
): Promise<PodName> {
  const reference = parseReference(text, namespace);
  if (reference.type === undefined || typeOf(reference.type) === POD) return reference;
  const selector = await selectorOf(client, reference, signal);
  const pods = await podsBySelector(client, selector, reference.namespace, signal);
  const [first] = pods;
  if (first !== undefined) return first;
  throw new MeshError('NoPods', `no pods match "${text}"`, {
    hint: `Look with "kubectl get pods -n ${reference.namespace} -l '${selector}'".`,
  });
}

/** Pods with those labels that run, those that are ready first, then by name. Throws a `MeshError`. */
export async function podsBySelector(
  client: KubeClient,
  labels: string,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<readonly PodName[]> {
  try {
    const pods = await listObjects(client, listPath(POD, namespace), { signal, labels });
    return pods
      .filter((pod) => phaseOf(pod) !== 'Succeeded' && phaseOf(pod) !== 'Failed')
      .map((pod) => ({ ...nameOf(pod), isReady: isReady(pod) }))
      .sort((one, other) => Number(other.isReady) - Number(one.isReady) || (one.name < other.name ? -1 : 1));
  } catch (error) {
    throw explained(error, client);
  }
}

function typeOf(word: string): TypeName | undefined {
  return TYPES.find(([, words]) => words.includes(word))?.[0];
}

async function selectorOf(client: KubeClient, reference: Reference, signal: AbortSignal): Promise<string> {
  const { type: word = '', name, namespace } = reference;
  if (GATEWAYS.includes(word)) return `${GATEWAY_LABEL}=${name}`;
  const type = typeOf(word);
  if (type === undefined) {
    const known = TYPES.flatMap(([, words]) => words);
    const near = nearestName(word, known);
    throw new MeshError('BadArgument', `"${word}" is no type that has pods`, {
      hint: `${near === undefined ? '' : `Did you mean ${near}? `}Types are ${TYPES.map(([, words]) => words[0]).join(', ')}, gateway.`,
    });
  }
  let object: ApiObject;
  try {
    object = await client.get(objectPath(type, name, namespace), { signal });
  } catch (error) {
    throw explained(error, client, `${type.kind} ${namespace}/${name}`);
  }
  const selector = labelSelector(fieldsOf(object['spec'])['selector']);
  if (selector !== '') return selector;
  throw new MeshError('NoPods', `${type.kind} ${namespace}/${name} selects no pods`);
}

/** A selector of either form, as queries write it. */
function labelSelector(selector: unknown): string {
  const { matchLabels, matchExpressions, ...plain } = fieldsOf(selector);
  const labels = fieldsOf(matchLabels ?? (matchExpressions === undefined ? plain : {}));
  const expressions = Array.isArray(matchExpressions) ? matchExpressions : [];
  return [
    ...Object.entries(labels).map(([name, value]) => `${name}=${String(value)}`),
    ...expressions.map((one) => {
      const { key, operator, values } = fieldsOf(one);
      const among = Array.isArray(values) ? `(${values.join(',')})` : '()';
      if (operator === 'In') return `${String(key)} in ${among}`;
      if (operator === 'NotIn') return `${String(key)} notin ${among}`;
      return operator === 'DoesNotExist' ? `!${String(key)}` : String(key);
    }),
  ].join(',');
}

export function nameOf(object: ApiObject): PodName {
  const { name, namespace } = fieldsOf(object['metadata']);
  return { name: String(name ?? ''), namespace: String(namespace ?? '') };
}

/** Undefined when the object has no such annotation. */
export function annotationOf(object: ApiObject, name: string): string | undefined {
  const value = fieldsOf(fieldsOf(object['metadata'])['annotations'])[name];
  return typeof value === 'string' ? value : undefined;
}

export function phaseOf(pod: ApiObject): string {
  return String(fieldsOf(pod['status'])['phase'] ?? '');
}

export function isReady(pod: ApiObject): boolean {
  const conditions = fieldsOf(pod['status'])['conditions'];
  return (
    Array.isArray(conditions) &&
    conditions.some((one) => fieldsOf(one)['type'] === 'Ready' && fieldsOf(one)['status'] === 'True')
  );
}
