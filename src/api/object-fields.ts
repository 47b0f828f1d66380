/** The fields that every Kubernetes object has, as schemas: they stand in no schema file. */

import { versionSchema } from './schema.ts';
import type { KindSchema, SchemaNode } from './schema.ts';

const labels = (description: string): SchemaNode => ({
  type: 'object',
  description,
  additionalProperties: { type: 'string' },
});

const METADATA: SchemaNode = {
  type: 'object',
  description: 'Name, namespace, labels and annotations of the object.',
  'x-kubernetes-preserve-unknown-fields': true,
  properties: {
    name: { type: 'string', description: 'Name of the object, unique for its kind within the namespace.' },
    generateName: {
      type: 'string',
      description:
        'Start of a name that the API server completes, for objects that are created without a name.',
    },
    namespace: { type: 'string', description: 'Namespace of the object.' },
    labels: labels('Keys and values by which objects are selected.'),
    annotations: labels('Keys and values for tools and people; nothing is selected by them.'),
  },
};

/**
 * The schema of a version's whole object, with apiVersion, kind and metadata. A kind that is a file has just
 * the fields of its schema.
 */
export function objectSchema(schema: KindSchema, version: string): SchemaNode {
  const own = versionSchema(schema, version);
  if (schema['x-mesh'].scope === 'File') return own;
  return {
    ...own,
    properties: {
      apiVersion: {
        type: 'string',
        description: 'The group and version of the API that the object is written in.',
      },
      kind: { type: 'string', description: 'The kind of the object.' },
      metadata: METADATA,
      ...own.properties,
    },
  };
}

/** The version that is meant when none is named: the one that is stored, else the first. */
export function defaultVersion(schema: KindSchema): string {
  const { versions } = schema['x-mesh'];
  return (versions.find(({ storage }) => storage) ?? versions[0])?.name ?? '';
}
