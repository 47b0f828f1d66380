/** Objects of the Kubernetes API as the objects that everything else works on. */

import { isDeepStrictEqual } from 'node:util';
import { fieldsOf } from '../base/fields-of.ts';
import type { MeshObject } from '../config/object.ts';
import { readObjects } from '../config/parse/objects.ts';
import type { KubeClient } from './client.ts';
import type { ServedKind } from './discovery.ts';
import type { ApiObject } from './reflector.ts';

type Fields = Record<string, unknown>;

/**
 * The object that an answer holds; undefined for what is none. Its place is its address on the server. What
 * nobody reads, and is the larger part of many objects, is left out.
 */
export function fromApi(client: KubeClient, kind: ServedKind, item: ApiObject): MeshObject | undefined {
  const { info, version } = kind;
  const apiVersion = info.group === '' ? version : `${info.group}/${version}`;
  const value: Fields = { ...item, apiVersion, kind: info.kind };
  value['metadata'] = without(item['metadata'], ['managedFields']);
  // Images and signs of life make most of a Node, and change all the time.
  if (info.key === 'core/Node') value['status'] = without(item['status'], ['images', 'conditions']);
  if (value['status'] === undefined) delete value['status'];
  const file = client.url(objectPath(kind, value['metadata']));
  const source = { file, line: 1, locate: () => ({ line: 1, column: 1 }) };
  const reading = readObjects(value, true, () => source);
  return reading.is === 'objects' ? reading.objects[0] : undefined;
}

function objectPath({ path, info }: ServedKind, metadata: unknown): string {
  const { name, namespace } = fieldsOf(metadata);
  const end = `/${info.plural}`;
  const root = path.slice(0, -end.length).replace(/\/namespaces\/[^/]+$/, '');
  const inside = typeof namespace === 'string' ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${inside}${end}/${encodeURIComponent(String(name))}`;
}

/**
 * Whether two versions of an object mean the same. The version's own number does not count, nor does the status
 * of the mesh's kinds, which control planes write; but a WorkloadEntry's says whether the workload is well.
 */
export function meansTheSame(one: MeshObject, other: MeshObject): boolean {
  return isDeepStrictEqual(meaning(one), meaning(other));
}

function meaning({ value, info, key }: MeshObject): unknown {
  const isOurs = info?.external === false && key !== 'networking.istio.io/WorkloadEntry';
  return {
    ...value,
    metadata: without(value['metadata'], ['resourceVersion', 'generation']),
    ...(isOurs ? { status: undefined } : {}),
  };
}

function without(value: unknown, names: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}
