/** Gives fields that are spelt with their protobuf names (snake_case) the names of the JSON form. */

import type { Spellings } from '../api/spellings.ts';

/**
 * The value with the JSON names. Keys of maps stay as they are, and so does a field that stands in both
 * spellings (which the validator refuses). The value itself is not changed; where nothing needs renaming the
 * result is the value.
 */
export function toJsonNames(value: unknown, spellings: Spellings | undefined): unknown {
  if (spellings === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => toJsonNames(item, spellings.each));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  let changed = false;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => {
    const jsonName = spellings.names?.[key];
    const name = jsonName === undefined || Object.hasOwn(value, jsonName) ? key : jsonName;
    const below =
      spellings.each ?? (Object.hasOwn(spellings.fields ?? {}, name) ? spellings.fields?.[name] : undefined);
    const next = toJsonNames(inner, below);
    if (name !== key || next !== inner) changed = true;
    return [name, next];
  });
  return changed ? Object.fromEntries(entries) : value;
}
