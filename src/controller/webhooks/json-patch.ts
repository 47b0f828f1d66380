/** Two values to the operations that turn one into the other: RFC 6902. */

import { getKey, isMap, type Json } from '../../inject/yaml/value.ts';

export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string };

/** Operations in the order in which they hold. `path` is the pointer of the two values. */
export function jsonPatch(before: Json, after: Json, path = ''): readonly PatchOperation[] {
  if (isMap(before) && isMap(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
      change(getKey(before, key), getKey(after, key), `${path}/${escaped(key)}`),
    );
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const common = before.slice(0, after.length);
    return [
      ...common.flatMap((item, index) => change(item, after[index], `${path}/${index}`)),
      // From the end, so that places stay what they were.
      ...before.slice(after.length).map((_, index) => remove(`${path}/${before.length - 1 - index}`)),
      ...after.slice(before.length).map((value) => ({ op: 'add' as const, path: `${path}/-`, value })),
    ];
  }
  return before === after ? [] : [{ op: 'replace', path, value: after }];
}

function change(before: Json | undefined, after: Json | undefined, path: string): readonly PatchOperation[] {
  if (after === undefined) return before === undefined ? [] : [remove(path)];
  return before === undefined ? [{ op: 'add', path, value: after }] : jsonPatch(before, after, path);
}

function remove(path: string): PatchOperation {
  return { op: 'remove', path };
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
