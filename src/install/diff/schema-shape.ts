/** Shapes of the mesh's own kinds, read off their schemas. */

import { objectSchema } from '../../api/object-fields.ts';
import { resolveNode } from '../../api/schema.ts';
import type { KindSchema, SchemaNode } from '../../api/schema.ts';
import type { Shape } from './shape.ts';

/** The shape of a kind's objects in a version: documented defaults, and the keys of lists. */
export function schemaShape(schema: KindSchema, version: string): Shape {
  return nodeShape(schema, objectSchema(schema, version));
}

function nodeShape(schema: KindSchema, reference: SchemaNode): Shape {
  const node = resolveNode(schema, reference);
  const { properties, additionalProperties, items } = node;
  const keys = node['x-kubernetes-list-map-keys'];
  return {
    ...(node.default === undefined ? {} : { absent: node.default }),
    ...(keys === undefined ? {} : { keys }),
    ...(node['x-kubernetes-list-type'] === 'set' ? { unordered: true as const } : {}),
    ...(node.format === 'duration' ? { means: 'duration' as const } : {}),
    field(name) {
      const own = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
      const found = own ?? additionalProperties;
      return found === undefined ? undefined : nodeShape(schema, found);
    },
    items: () => (items === undefined ? undefined : nodeShape(schema, items)),
  };
}
