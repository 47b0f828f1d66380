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

/** The fields of an object and what must and must not be set, as lists of alternatives. */
export interface FieldRules {
  readonly properties: Readonly<Record<string, SchemaNode>>;
  /** Of each list at least one must be there. A field with one spelling is a list of one. */
  readonly required: readonly (readonly string[])[];
  readonly exclusive: readonly (readonly string[])[];
  readonly oneOf: readonly (readonly string[])[];
}

/**
 * What an object's schema asks of its fields; for kinds with `protoNames` in both spellings, which also
 * exclude each other.
 */
export function fieldRules(node: SchemaNode, protoNames: boolean): FieldRules {
  const {
    properties = {},
    required = [],
    'x-mesh-exclusive': exclusive = [],
    'x-mesh-one-of': oneOf = [],
  } = node;
  if (!protoNames) return { properties, required: required.map((name) => [name]), exclusive, oneOf };
  const spelt = (name: string): string[] => [...new Set([name, snakeCase(name)])];
  const grouped = new Set([...exclusive, ...oneOf].flat());
  const names = Object.keys(properties);
  const twice = names.map(spelt).filter((pair) => pair.length > 1);
  return {
    properties: {
      ...properties,
      ...Object.fromEntries(twice.map(([name = '', snake = '']) => [snake, properties[name] ?? {}])),
    },
    required: required.map(spelt),
    exclusive: [
      ...exclusive.map((group) => group.flatMap(spelt)),
      ...twice.filter(([name = '']) => !grouped.has(name)),
    ],
    oneOf: oneOf.map((group) => group.flatMap(spelt)),
  };
}
