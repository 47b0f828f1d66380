/** Differences of two pod templates as a list of fields, and the way back. */

import { itemKey } from '../item-key.ts';
import { getKey, isMap, setKey } from '../yaml/value.ts';
import type { Json, JsonMap } from '../yaml/value.ts';

/** A field by keys, and by names for the items of lists; what stood there before, nothing if it is new. */
export type Change = readonly [path: readonly string[], was?: Json];

/** What changed, seen from `after`. Moves within a list are no change. */
export function changesBetween(before: Json, after: Json, path: readonly string[] = []): Change[] {
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => changeOf(getKey(before, key), getKey(after, key), [...path, key]));
  }
  const field = path.at(-1) ?? '';
  if (Array.isArray(before) && Array.isArray(after)) {
    const old = byKey(field, before);
    const now = byKey(field, after);
    if (old !== undefined && now !== undefined) {
      const keys = [...new Set([...old.keys(), ...now.keys()])];
      return keys.flatMap((key) => changeOf(old.get(key), now.get(key), [...path, key]));
    }
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [[path, before]];
}

/** Takes changes back, as far as their places are still there. */
export function revertChanges(value: Json, changes: readonly Change[]): Json {
  return changes.reduce((current, change) => revert(current, change[0], change, ''), value);
}

/** Reads changes out of an annotation, which is anyone's to write. */
export function readChanges(value: Json | undefined): Change[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one): Change[] => {
    if (!Array.isArray(one) || !Array.isArray(one[0]) || one[0].length === 0) return [];
    const path = one[0].filter((key) => typeof key === 'string');
    if (path.length !== one[0].length) return [];
    return [one.length > 1 ? [path, one[1] ?? null] : [path]];
  });
}

function changeOf(before: Json | undefined, after: Json | undefined, path: readonly string[]): Change[] {
  if (before === after) return [];
  if (after === undefined) return before === undefined ? [] : [[path, before]];
  return before === undefined ? [[path]] : changesBetween(before, after, path);
}

/** The items of a list by their keys; undefined where some have none, or the same. */
function byKey(field: string, list: readonly Json[]): Map<string, Json> | undefined {
  const result = new Map<string, Json>();
  for (const item of list) {
    const key = itemKey(field, item);
    if (key === undefined || result.has(key)) return undefined;
    result.set(key, item);
  }
  return result;
}

function revert(value: Json, path: readonly string[], change: Change, field: string): Json {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(value)) {
    const index = value.findIndex((item) => itemKey(field, item) === key);
    const item = value[index];
    if (rest.length > 0) {
      return item === undefined ? value : value.with(index, revert(item, rest, change, key));
    }
    if (change.length === 1) return index < 0 ? value : value.toSpliced(index, 1);
    return index < 0 ? [...value, change[1] ?? null] : value.with(index, change[1] ?? null);
  }
  if (!isMap(value)) return value;
  const result: JsonMap = { ...value };
  if (rest.length > 0) {
    const child = getKey(value, key);
    if (child !== undefined) setKey(result, key, revert(child, rest, change, key));
  } else if (change.length === 1) delete result[key];
  else setKey(result, key, change[1] ?? null);
  return result;
}
