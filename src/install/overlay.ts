/** Puts settings on top of others, as IstioOperator files are: left to right. */

import { isTree, type Tree } from './setting-path.ts';

/** Lists whose items have names; an item on top changes the one of its name. */
const NAMED_LISTS = new Set(['ingressGateways', 'egressGateways', 'env']);

/**
 * `over` on top of `base`: maps are merged, gateways and environments by name, other lists and values are
 * replaced, null takes away, or stays for a later overlay where `nulls` says so. Neither argument is changed.
 */
export function overlay(base: Tree, over: Tree, nulls: 'take away' | 'keep' = 'take away'): Tree {
  const result: Tree = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === null && nulls === 'take away') Reflect.deleteProperty(result, key);
    else result[key] = merged(key, result[key], value, nulls);
  }
  return result;
}

function merged(key: string, before: unknown, value: unknown, nulls: 'take away' | 'keep'): unknown {
  if (isTree(value)) return overlay(isTree(before) ? before : {}, value, nulls);
  if (!Array.isArray(value)) return value;
  const items: readonly unknown[] = value;
  if (!NAMED_LISTS.has(key) || !Array.isArray(before) || !items.every(hasName)) return structuredClone(items);
  const list: unknown[] = [...(before as readonly unknown[])];
  for (const item of items) {
    const index = list.findIndex((one) => isTree(one) && one['name'] === item.name);
    const earlier = list[index];
    if (index < 0) list.push(structuredClone(item));
    else list[index] = isTree(earlier) ? overlay(earlier, item, nulls) : item;
  }
  return list;
}

function hasName(item: unknown): item is Tree & { name: string } {
  return isTree(item) && typeof item['name'] === 'string';
}
