/** A pod template as the injector sees it: a checked view of a value of any shape. */

import { MeshError } from '../../base/mesh-error.ts';
import { getKey, isMap } from '../yaml/value.ts';
import type { Json, JsonMap } from '../yaml/value.ts';

/** The object that a pod template belongs to. */
export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Empty where the object names none. */
  readonly namespace: string;
}

export interface Pod {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: JsonMap;
  readonly containers: readonly JsonMap[];
  readonly initContainers: readonly JsonMap[];
  readonly owner: Owner;
}

export const PROXY = 'istio-proxy';
export const INIT = 'istio-init';
export const VALIDATION = 'istio-validation';
export const CORE_DUMP = 'enable-core-dump';

/** Names by which earlier injections, also of Istio's own injector, are known. */
export const INJECTED_CONTAINERS: readonly string[] = [PROXY, INIT, VALIDATION, CORE_DUMP];

/** Reads a template. Throws a MeshError where the parts that matter have the wrong shape. */
export function readPod(template: Json, owner: Owner): Pod {
  const metadata = part(template, 'metadata', 'metadata');
  const spec = part(template, 'spec', 'spec');
  return {
    labels: texts(part(metadata, 'labels', 'metadata.labels')),
    annotations: texts(part(metadata, 'annotations', 'metadata.annotations')),
    spec,
    containers: maps(getKey(spec, 'containers'), 'containers'),
    initContainers: maps(getKey(spec, 'initContainers'), 'initContainers'),
    owner,
  };
}

export function containerName(container: JsonMap): string {
  const name = getKey(container, 'name');
  return typeof name === 'string' ? name : '';
}

/** The containers of the application, in order: all but the proxy. */
export function appContainers(pod: Pod): readonly JsonMap[] {
  return pod.containers.filter((container) => containerName(container) !== PROXY);
}

function part(value: Json | undefined, key: string, path: string): JsonMap {
  const found = getKey(value, key);
  if (found === undefined || found === null) return {};
  if (!isMap(found)) throw wrongShape(path, 'a map');
  return found;
}

function maps(value: Json | undefined, path: string): JsonMap[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrongShape(`spec.${path}`, 'a list');
  return value.map((item, index) => {
    if (!isMap(item)) throw wrongShape(`spec.${path}[${index}]`, 'a map');
    return item;
  });
}

function texts(map: JsonMap): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, value]) =>
      value === null || typeof value === 'object' ? [] : [[key, String(value)]],
    ),
  );
}

function wrongShape(path: string, wanted: string): MeshError {
  return new MeshError('InvalidPod', `${path} of the pod must be ${wanted}`, {
    hint: 'Run "mesh validate" on the file.',
    where: { field: path },
  });
}
