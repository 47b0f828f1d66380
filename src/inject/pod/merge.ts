/** Partial pods laid over one another, lists by the key of their items, as Kubernetes' strategic merge has it. */

import { isKeyed, itemKey } from '../item-key.ts';
import { getKey, isMap, setKey } from '../yaml/value.ts';
import type { Json, JsonMap } from '../yaml/value.ts';

/** Lists whose items are merged field by field. Items of the others are one thing, like a volume with its source. */
const DEEP_LISTS = new Set(['containers', 'initContainers']);

/** Maps of which only one member may be set, so that they are one thing. */
const WHOLE = new Set(['readinessProbe', 'livenessProbe', 'startupProbe', 'preStop', 'postStart']);

/** `over` on top of `base`; null takes a field away. */
export function mergePatch(base: JsonMap, over: JsonMap): JsonMap {
  const result: JsonMap = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = getKey(base, key);
    if (value === null) delete result[key];
    else if (isMap(before) && isMap(value) && !WHOLE.has(key)) setKey(result, key, mergePatch(before, value));
    else if (Array.isArray(before) && Array.isArray(value) && isKeyed(key)) {
      setKey(result, key, mergeLists(key, before, value, mergePatch));
    } else setKey(result, key, value);
  }
  return result;
}

/** `own` with what it lacks of `template`. Nothing that it has is changed. */
export function complete(own: JsonMap, template: JsonMap): JsonMap {
  const result: JsonMap = { ...own };
  for (const [key, value] of Object.entries(template)) {
    const before = getKey(own, key);
    if (before === undefined || before === null) setKey(result, key, value);
    else if (isMap(before) && isMap(value) && !WHOLE.has(key)) setKey(result, key, complete(before, value));
    else if (Array.isArray(before) && Array.isArray(value) && isKeyed(key)) {
      setKey(result, key, mergeLists(key, before, value, complete, true));
    }
  }
  return result;
}

function mergeLists(
  field: string,
  base: readonly Json[],
  over: readonly Json[],
  merge: (base: JsonMap, over: JsonMap) => JsonMap,
  keep = false,
): Json[] {
  const result = [...base];
  for (const item of over) {
    const key = itemKey(field, item);
    const index = result.findIndex((one) => key !== undefined && itemKey(field, one) === key);
    const before = result[index];
    if (before === undefined) result.push(item);
    else if (DEEP_LISTS.has(field) && isMap(before) && isMap(item)) result[index] = merge(before, item);
    else if (!keep) result[index] = item;
  }
  return result;
}
