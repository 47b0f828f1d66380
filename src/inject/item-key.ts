/** How Kubernetes tells the items of a pod's lists apart. */

import { getKey } from './yaml/value.ts';
import type { Json } from './yaml/value.ts';

/** The field that tells the items of a list apart, by the list's name. */
const LIST_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
  imagePullSecrets: 'name',
  ports: 'containerPort',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  hostAliases: 'ip',
  sysctls: 'name',
};

/** Whether a container's or volume's name is one that injectors give. */
export function isInjectedName(name: string): boolean {
  return name.startsWith('istio');
}

/** Whether the items of a list have a field that tells them apart. */
export function isKeyed(field: string): boolean {
  return Object.hasOwn(LIST_KEYS, field);
}

/** What tells an item from the others of its list; undefined where nothing does. */
export function itemKey(field: string, item: Json): string | undefined {
  const key = isKeyed(field) ? LIST_KEYS[field] : undefined;
  const value = key === undefined ? undefined : getKey(item, key);
  return value === undefined || value === null || typeof value === 'object' ? undefined : String(value);
}
