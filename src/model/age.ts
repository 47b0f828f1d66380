/** Which of two objects is the older one: where objects contradict each other, the oldest one counts. */

import type { MeshObject } from '../config/object.ts';

/** `metadata.creationTimestamp`: a time in RFC 3339 that sorts as text; '' when the object has none. */
export function creationTime(object: MeshObject): string {
  const metadata = object.value['metadata'];
  if (typeof metadata !== 'object' || metadata === null || !('creationTimestamp' in metadata)) return '';
  return typeof metadata.creationTimestamp === 'string' ? metadata.creationTimestamp : '';
}

/** What of an object says how old it is. */
export interface Aged {
  readonly created: string;
  readonly name: string;
  readonly namespace: string;
}

/** The order of texts by their characters, whatever the language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Order of age: by creation time, then by name, then by namespace. */
export function byAge(a: Aged, b: Aged): number {
  return (
    compareText(a.created, b.created) || compareText(a.name, b.name) || compareText(a.namespace, b.namespace)
  );
}
