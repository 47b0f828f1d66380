/** Fills in the defaults that the API server would, before CEL rules and other checks see the object. */

import type { DefaultTree } from '../api/default-tree.ts';

/**
 * The value with absent fields set to their defaults, at any depth where the object that holds them is there.
 * The value itself is not changed; where nothing is absent the result is the value.
 */
export function withDefaults(value: unknown, tree: DefaultTree | undefined): unknown {
  if (tree === undefined || typeof value !== 'object' || value === null) return value;
  const { each, fields = {} } = tree;
  if (Array.isArray(value)) {
    const items = value.map((item) => withDefaults(item, each));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const changed: [string, unknown][] = [];
  if (each !== undefined) {
    for (const [key, inner] of Object.entries(value)) {
      const next = withDefaults(inner, each);
      if (next !== inner) changed.push([key, next]);
    }
  }
  for (const [name, field] of Object.entries(fields)) {
    const inner: unknown = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
    const next = withDefaults(inner ?? field.value, field);
    if (next !== undefined && next !== inner) changed.push([name, next]);
  }
  return changed.length === 0 ? value : { ...value, ...Object.fromEntries(changed) };
}
