/** Works out where fields may be spelt with their protobuf names. */

import { resolveNode } from '../api/schema.ts';
import type { KindSchema, SchemaNode } from '../api/schema.ts';
import type { Spellings } from '../api/spellings.ts';

/** The protobuf spelling of a JSON name: `fooBar` becomes `foo_bar`. */
export function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The fields below a schema that have a snake_case spelling; undefined where there are none. */
export function spellingsOf(schema: KindSchema, place: SchemaNode): Spellings | undefined {
  const node = resolveNode(schema, place);
  const each = node.items ?? node.additionalProperties;
  if (each !== undefined) {
    const below = spellingsOf(schema, each);
    return below === undefined ? undefined : { each: below };
  }
  const names: Record<string, string> = {};
  const fields: Record<string, Spellings> = {};
  for (const [name, field] of Object.entries(node.properties ?? {})) {
    if (snakeCase(name) !== name) names[snakeCase(name)] = name;
    const below = spellingsOf(schema, field);
    if (below !== undefined) fields[name] = below;
  }
  const some = { names: Object.keys(names).length > 0, fields: Object.keys(fields).length > 0 };
  if (!some.names && !some.fields) return undefined;
  return { ...(some.names ? { names } : {}), ...(some.fields ? { fields } : {}) };
}
